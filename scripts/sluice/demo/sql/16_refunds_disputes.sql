-- Money that goes back: by the shop (refunds) and by the card holder's bank (disputes, weeks later, in two deliveries).
insert into queue_refunds
select
    late_by('refund', order_no, refunded_at) as delivered_on,
    refunded_at as sort_at,
    order_no as sort_id,
    order_no as entity_id,
    5000000 + order_no as refund_id,
    1000000 + order_no as order_id,
    refund_amount as amount,
    currency_code,
    case
        when cancelled = 'after payment' then 'cancelled'
        else pick(['changed_mind', 'changed_mind', 'damaged', 'wrong_item', 'not_as_described'], u('why', order_no))
    end as reason,
    refunded_at,
    refunded_at as updated_at
from chunk_timelines
where refunded_at::date <= getvariable('last_on');

insert into queue_disputes
with opened as (
    select
        *,
        0 as version_no,
        'opened' as status,
        disputed_at as updated_at
    from chunk_timelines
    where disputed_at is not null
),

closed as (
    select
        * replace (
            1 as version_no,
            case when u('verdict', order_no) < if(fraud is null, 0.5, 0.12) then 'won' else 'lost' end as status,
            seconds_after(disputed_at, between_u('decided', order_no, 800000, 2600000)) as updated_at
        )
    from opened
),

versions as (
    select * from opened
    union all
    select * from closed
)

select
    late_by('dispute', order_no * 2 + version_no, updated_at) as delivered_on,
    updated_at as sort_at,
    order_no * 2 + version_no as sort_id,
    order_no as entity_id,
    'dp_' || hex16(h('dispute', order_no)) as dispute_id,
    'tx_' || hex16(h('tx', order_no * 64 + 41)) as transaction_id,
    case
        when fraud = 'stolen' then 'fraudulent'
        else pick(['product_not_received', 'product_unacceptable', 'duplicate', 'fraudulent'], u('claim', order_no))
    end as reason,
    status,
    total as amount,
    currency_code,
    disputed_at as opened_at,
    updated_at
from versions
where updated_at::date <= getvariable('last_on');
