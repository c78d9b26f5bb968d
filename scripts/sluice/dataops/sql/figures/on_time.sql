select
    concat('on time: ', subject) as figure,
    count(*) filter (where state = 'on time') / count(*) as value,
    'share' as unit,
    count(*) as known,
    count(*) as total
from found
group by subject
order by value, figure
