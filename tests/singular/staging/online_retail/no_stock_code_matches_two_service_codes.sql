select
    invoice_lines.stock_code,
    count(distinct service_codes.code_pattern) as pattern_count
from {{ ref('stg_online_retail__invoice_lines') }} as invoice_lines
inner join {{ ref('service_codes') }} as service_codes
    on
        invoice_lines.source_system = service_codes.source_system
        and upper(trim(invoice_lines.stock_code)) like service_codes.code_pattern escape '\'
group by invoice_lines.stock_code
having count(distinct service_codes.code_pattern) > 1
