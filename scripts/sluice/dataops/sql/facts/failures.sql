-- Every release with what went wrong with it: a rollback took it back, or a fix of the same model followed within seven days.
select
    deployments.event_id,
    deployments.release_id,
    deployments.published_at,
    deployments.kind,
    deployments.changed,
    max(withdrawals.withdrawn_at) as withdrawn_at,
    arg_max(withdrawals.why, withdrawals.withdrawn_at) as why,
    min(fixes.published_at) as fixed_at,
    arg_min(fixes.release_id, fixes.published_at) as fixed_by,
    arg_min(fixes.changed, fixes.published_at) as fixed_nodes
from deployments
left join withdrawals
    on
        deployments.published_at >= withdrawals.bad_from_at
        and deployments.published_at < withdrawals.withdrawn_at
left join fixes
    on
        deployments.kind = 'code'
        and deployments.published_at < fixes.published_at
        and deployments.published_at + interval 7 days >= fixes.published_at
        and list_has_any(deployments.changed, fixes.changed)
group by all
