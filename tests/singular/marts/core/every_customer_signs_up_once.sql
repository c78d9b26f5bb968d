-- Fails with each customer who signed up at several moments: one number was given to two people.
with

versions as (
    select * from {{ ref('dim_customers_history') }}
)

select
    customer_id,
    count(distinct signed_up_at) as sign_up_count
from versions
group by customer_id
having count(distinct signed_up_at) > 1
