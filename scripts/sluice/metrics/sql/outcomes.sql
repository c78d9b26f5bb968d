-- How runs ended, so far.
select coalesce(environment, '') as environment, command, outcome, count(*) as runs
from runs
where environment is null or environment in (select name from environments)
group by all
order by all
