-- Attempts to build, audit and move environments, so far: the audit trail.
select environment, action, outcome, count(*) as attempts
from releases
where environment in (select name from environments)
group by all
order by all
