-- Publishes and promotions of the window: with other code, with other data only, or not known which.
select
    event_id as id,
    release_id as subject,
    published_at as started_at,
    null::timestamp as ended_at,
    len(changed)::double as value,
    kind as state,
    case
        when changed is null then 'what changed is not known'
        when len(changed) = 0 then 'no model changed'
        else
            array_to_string(list_transform(changed[:3], lambda one: split_part(one, '.', 3)), ', ')
            || if(len(changed) > 3, concat(' and ', len(changed) - 3, ' more'), '')
    end as reason
from deployments, span
where published_at >= from_at and published_at < to_at
