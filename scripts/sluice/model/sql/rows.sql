-- One row per row of the features' mart, in an order that is always the same: its time, its key, and the columns asked for.
select
    {at}::timestamp as "at",
    {key}::varchar as "key",
    features."is_judged"{columns}
from (select *, coalesce({judged}, false) as "is_judged"{segments} from {features}) as features
{joins}
order by {at}::timestamp, {key}
