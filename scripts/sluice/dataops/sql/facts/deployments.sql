-- Every publish and promotion, and whether it brought other code than the environment had, or other data only.
with noted as (

    select *
    from ops.deployments
    inner join span using (environment)
    qualify row_number() over (partition by release_id, from_release_id order by run_id desc) = 1

)

select
    moves.event_id,
    moves.release_id,
    moves.moved_at as published_at,
    moves.place,
    noted.changed,
    case
        when
            moves.from_release_id is null
            or len(noted.changed) > 0
            or noted.code_commit <> noted.from_code_commit
            then 'code'
        when noted.changed is not null then 'data'
        else 'unknown'
    end as kind
from moves
left join noted
    on moves.release_id = noted.release_id and moves.from_release_id is not distinct from noted.from_release_id
where moves.action <> 'rollback'
