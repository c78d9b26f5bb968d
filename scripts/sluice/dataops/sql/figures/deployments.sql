-- Of a window shorter than a week, what there was so far: it says nothing of a week.
with counted as (

    select
        count(*) filter (where state = 'code') as code,
        count(*) filter (where state = 'data') as data,
        count(*) as every
    from found

)

select
    'with code' as figure, code / greatest(weeks, 1) as value, 'a week' as unit, code + data as known, every as total
from counted, span
union all
select
    'with data only', data / greatest(weeks, 1), 'a week', code + data, every
from counted, span
