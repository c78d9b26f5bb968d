select
    'open' as figure,
    count(*) filter (where state = 'open') as value,
    'row' as unit,
    null as known,
    null as total
from found
union all
select
    'age of open rows, median',
    median(value) filter (where state = 'open'),
    'seconds',
    count(*) filter (where state = 'open'),
    count(*) filter (where state = 'open')
from found
union all
select
    'age of the oldest',
    max(value) filter (where state = 'open'),
    'seconds',
    count(*) filter (where state = 'open'),
    count(*) filter (where state = 'open')
from found
union all
select
    'time to a decision, median',
    median(value) filter (where state in ('released', 'dropped')),
    'seconds',
    count(*) filter (where state in ('released', 'dropped')),
    count(*) filter (where state in ('released', 'dropped', 'unknown'))
from found
