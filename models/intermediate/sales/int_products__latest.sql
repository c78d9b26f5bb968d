{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='product_id') }}

{{ latest('products', 'product_id') }}
