select
    weeks.begins_at,
    (
        select $value
        from found
        where found.$at >= weeks.begins_at and found.$at < weeks.ends_at
    )::double as value
from weeks
order by weeks.begins_at
