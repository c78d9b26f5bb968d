-- Rows that the champion flagged, newest first, with the newest decision about each. Where several versions of the model
-- flagged a row, the first alert is the one that somebody could act on.
with decided as (

    select
        row_key,
        model,
        arg_max(struct_pack(decision, decided_by, decided_at, why), (decided_at, decision_id)) as last
    from {decisions}
    group by row_key, model

),

flagged as (

    select
        {key}::varchar as row_key,
        model,
        model_version,
        {at} as happened_at,
        scored_at,
        score,
        threshold,
        list_transform(reasons, one -> one.words) as reasons
    from {scores}
    where is_alert and role = 'champion' and model = $model
    qualify row_number() over (partition by {key} order by scored_at, model_version) = 1

)

select
    flagged.*,
    decided.last.decision as decision,
    decided.last.decided_by as decided_by,
    decided.last.decided_at as decided_at,
    decided.last.why as why
from flagged
left join decided on flagged.row_key = decided.row_key and (decided.model = flagged.model or decided.model is null)
where if(len($keys) > 0, list_contains($keys, flagged.row_key), $every or decided.last is null)
order by scored_at desc, row_key
limit $most
