-- Every moment after the first has one version: the next begins when the last ends, and only the newest has no end.
with

versions as (
    select
        product_id,
        valid_from,
        valid_to,
        lead(valid_from) over (partition by product_id order by valid_from asc) as next_valid_from
    from {{ ref('dim_products_history') }}
)

select * from versions
where valid_to is distinct from next_valid_from
