-- When each kind of check last ran for an environment.
select environment, kind, epoch(max(checked_at)) as checked_at
from recorded
group by all
order by all
