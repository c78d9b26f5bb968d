{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='order_id',
    post_hook="{{ mark_decisions_seen(this) }}"
) }}

-- Of an order two versions can matter: the one that is believed, which has come furthest on the way from placed to
-- delivered, and the newest. Where they differ, the status went backwards, and the newest is refused. Each is the first
-- in an order of the versions, so every order of delivery ends with the same two. What lies between them is an older
-- version, whatever it says; and once a later version has come as far as the believed one, nothing is refused any more.
with

{{ tried_versions('orders', 'order_id', {
    'status_rank': status_rank('order_status'),
    'taken_as_it_comes_at': "case when " ~ status_rank('order_status')
        ~ " is null or contains(waived_rules, ',status_backwards,') then updated_at end",
}) }}

-- A version whose status has no place on the way, or whose way back was waived, is taken as it comes; what follows is
-- compared with what follows it, and not with what was before.
restarted as (
    select
        * exclude (taken_as_it_comes_at),
        max(taken_as_it_comes_at) over (partition by order_id, refusal_reason is null) as taken_as_it_comes_at
    from together
),

-- A broken version is kept as a refusal, and never replaces a good one. Of equal versions the first delivered stays.
ranked as (
    select
        *,
        first_value(status_rank) over furthest_first as reached_status_rank,
        row_number() over furthest_first as version_rank,
        row_number() over (
            partition by order_id, refusal_reason is null
            order by
                updated_at desc,
                status_rank desc nulls last,
                version_hash asc, loaded_at asc, source_file asc, source_position asc
        ) as age_rank
    from restarted
    window furthest_first as (
        partition by order_id, refusal_reason is null
        order by
            coalesce(updated_at >= taken_as_it_comes_at, true) desc,
            status_rank desc nulls last,
            updated_at desc,
            version_hash asc, loaded_at asc, source_file asc, source_position asc
    )
),

compared as (
    select
        * exclude (refusal_reason, reached_status_rank),
        coalesce(refusal_reason, {{ first_broken_rule('orders', 'history') | indent(8) }}) as refusal_reason
    from ranked
    where version_rank = 1 or age_rank = 1 or refusal_reason is not null
)

select * exclude (version_rank, age_rank) from compared
