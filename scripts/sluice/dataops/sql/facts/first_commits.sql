-- Each commit with the first release that contained it: after a rollback, the next release contains it again.
select
    commits.* exclude (environment),
    deployments.event_id,
    deployments.published_at
from ops.commits
inner join span using (environment)
inner join deployments on commits.release_id = deployments.release_id
qualify row_number() over (partition by commits.code_commit order by deployments.published_at, deployments.event_id) = 1
