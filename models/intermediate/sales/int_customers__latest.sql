{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='customer_id') }}

with

delivered as (
    select * from {{ ref('int_customers__delivered') }}
    {% if is_incremental() %}
        where {{ newer_than(newest_loaded(this)) }}
    {% endif %}
),

tried as (
    select
        *,
        {{ version_hash(var('common_columns')['customers']) | indent(8) }} as version_hash,
        loaded_at as first_loaded_at
    from delivered
),

-- Choosing the newest is associative: the history behind the kept rows need not be read again.
together as (
    select * from tried
    {% if is_incremental() %}
        union all by name
        select * from {{ this }}
        where customer_id in (select tried.customer_id from tried)
    {% endif %}
),

-- first_loaded_at says when the customer became known: rows that had to wait for that are judged again.
ranked as (
    select
        * exclude (first_loaded_at),
        min(first_loaded_at) over (partition by customer_id) as first_loaded_at,
        row_number() over (
            partition by customer_id
            order by updated_at desc, version_hash asc, loaded_at asc, source_file asc, source_position asc
        ) as version_rank
    from together
)

select * exclude (version_rank)
from ranked
where version_rank = 1
