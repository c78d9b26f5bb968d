select
    'failed' as figure,
    count(*) filter (where state = 'failed') / nullif(count(*) filter (where state in ('failed', 'good')), 0) as value,
    'share' as unit,
    count(*) filter (where state in ('failed', 'good')) as known,
    count(*) as total
from found
