select
    'median, releases with code' as figure,
    median(value) filter (where state = 'code') as value,
    'seconds' as unit,
    count(*) filter (where state = 'code') as known,
    count(*) filter (where state in ('code', 'unknown')) as total
from found
union all
select
    'longest, releases with code',
    max(value) filter (where state = 'code'),
    'seconds',
    count(*) filter (where state = 'code'),
    count(*) filter (where state in ('code', 'unknown'))
from found
union all
select
    'median, releases with data only',
    median(value) filter (where state = 'data'),
    'seconds',
    count(*) filter (where state = 'data'),
    count(*) filter (where state in ('data', 'unknown'))
from found
