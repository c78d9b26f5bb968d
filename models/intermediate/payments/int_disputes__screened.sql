{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='dispute_id',
    post_hook="{{ mark_decisions_seen(this) }}"
) }}

{{ screened('disputes', 'dispute_id', of_order=false) }}
