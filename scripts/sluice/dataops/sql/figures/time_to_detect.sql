select
    'median' as figure,
    median(value) filter (where state = 'counted') as value,
    'seconds' as unit,
    count(*) filter (where state = 'counted') as known,
    count(*) as total
from found
union all
select
    '90 % within',
    quantile_cont(value, 0.9) filter (where state = 'counted'),
    'seconds',
    count(*) filter (where state = 'counted'),
    count(*)
from found
