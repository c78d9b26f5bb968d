-- What of each mart is promised and checked, one row for each: a contract, data tests, unit tests, and each column.
select
    id,
    subject,
    null::timestamp as started_at,
    null::timestamp as ended_at,
    checks::double as value,
    if(checks > 0, 'covered', 'not covered') as state,
    aspect as reason
from covered
