-- Releases with a commit that names an incident or reverts another one: made because something was wrong.
select
    deployments.event_id,
    deployments.release_id,
    deployments.published_at,
    deployments.changed,
    list_distinct(flatten(list(coalesce(first_commits.incidents, [])))) as incidents,
    list(first_commits.reverts order by first_commits.reverts) filter (where first_commits.reverts is not null) as reverts
from deployments
inner join first_commits on deployments.event_id = first_commits.event_id
where len(first_commits.incidents) > 0 or first_commits.reverts is not null
group by all
