select
    'median' as figure,
    median(value) filter (where state = 'counted') as value,
    'seconds' as unit,
    count(*) filter (where state = 'counted') as known,
    count(*) filter (where state in ('counted', 'squashed', 'unknown')) as total
from found
union all
select
    '90 % within',
    quantile_cont(value, 0.9) filter (where state = 'counted'),
    'seconds',
    count(*) filter (where state = 'counted'),
    count(*) filter (where state in ('counted', 'squashed', 'unknown'))
from found
union all
select
    'median of squash merges, from the merge on',
    median(value) filter (where state = 'squashed'),
    'seconds',
    count(*) filter (where state = 'squashed'),
    count(*) filter (where state in ('counted', 'squashed', 'unknown'))
from found
