-- One row per row of the features' mart, in an order that is always the same: its time, its key, and the columns asked for.
select
    {at}::timestamp as "at",
    {key}::varchar as "key"{columns}
from (select *{segments} from {features}) as features
{joins}
order by {at}::timestamp, {key}
