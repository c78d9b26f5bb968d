-- Warns: the order counts without a country; the name belongs into the seed country_names.
{{ config(severity='warn') }}

select distinct invoice_lines.country_name
from {{ ref('stg_online_retail__invoice_lines') }} as invoice_lines
left join {{ ref('country_names') }} as country_names on invoice_lines.country_name = country_names.country_name
where country_names.country_name is null
