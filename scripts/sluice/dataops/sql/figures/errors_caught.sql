with counted as (

    select
        count(*) filter (where state = 'before') as before,
        count(*) filter (where state = 'after') as after,
        coalesce(sum(value) filter (where state = 'rows'), 0) as kept_out
    from found

)

select
    'caught before the publish' as figure,
    before / nullif(before + after, 0) as value,
    'share' as unit,
    before + after as known,
    before + after as total
from counted
union all
select 'before', before, 'error', before + after, before + after
from counted
union all
select 'after', after, 'error', before + after, before + after
from counted
union all
select 'kept out by rules', kept_out, 'row', null, null
from counted
