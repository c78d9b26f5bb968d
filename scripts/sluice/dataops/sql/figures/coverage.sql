select
    concat('with ', reason) as figure,
    count(*) filter (where state = 'covered') / count(*) as value,
    'share' as unit,
    count(*) filter (where state = 'covered') as known,
    count(*) as total
from found
group by reason
order by figure
