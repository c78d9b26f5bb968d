-- UTF-8 that was read as Latin-1 and written again: ü has become Ã and a sign that no word has after it. The shop
-- exports UTF-8, so it is an export that went wrong; of others no_customer_is_written_in_the_wrong_encoding warns.
select
    customer_id,
    full_name,
    city
from {{ ref('dim_customers') }}
where source_system = 'shop' and regexp_matches(concat_ws(' ', full_name, city), '[ÃÂ][\x{80}-\x{BF}]')
