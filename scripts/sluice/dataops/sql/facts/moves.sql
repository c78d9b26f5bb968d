-- Every move of the environment to another release, with how long it stayed there. A publish of what is there already
-- moves nothing.
select
    releases.event_id,
    releases.tried_at as moved_at,
    releases.action,
    releases.release_id,
    releases.from_release_id,
    releases.why,
    row_number() over moves as place,
    lead(releases.tried_at) over moves as left_at,
    lag(releases.tried_at) over moves as before_at
from ops.releases
inner join span using (environment)
where
    releases.outcome = 'done'
    and releases.action in ('publish', 'promote', 'rollback')
    and releases.release_id is distinct from releases.from_release_id
window moves as (order by releases.tried_at, releases.event_id)
