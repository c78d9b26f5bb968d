select
    'because of an incident' as figure,
    count(*) filter (where state = 'rework') / nullif(count(*) filter (where state in ('rework', 'planned')), 0) as value,
    'share' as unit,
    count(*) filter (where state in ('rework', 'planned')) as known,
    count(*) as total
from found
