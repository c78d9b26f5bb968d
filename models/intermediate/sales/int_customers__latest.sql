{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='customer_id') }}

{{ latest('customers', 'customer_id') }}
