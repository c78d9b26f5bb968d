{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='refund_id',
    post_hook="{{ mark_decisions_seen(this) }}"
) }}

{{ screened('refunds', 'refund_id') }}
