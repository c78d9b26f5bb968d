{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='payment_id',
    post_hook="{{ mark_decisions_seen(this) }}"
) }}

-- A payment never changes; should one id come twice with different content, the one made earlier counts.
{{ screened('payments', 'payment_id', newest_first='created_at asc') }}
