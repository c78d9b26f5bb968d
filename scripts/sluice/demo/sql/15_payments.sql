-- What the card processor saw: declined tries, the authorisation, the capture, money going back. Cards belong to
-- customers; a thief brings one card from elsewhere, a tester rotates a handful. Customers keep one or two devices, and
-- now and then buy from another; a thief comes with a device of his own, and some come with it again.
create or replace temp table chunk_cards as
select
    *,
    case
        when fraud = 'stolen' then h('stolen card', block_key * 2 + if(burst_seq > 3, 1, 0))
        else h('card', customer_no * 2 + if(u('second card', order_no) < 0.12, 1, 0))
    end as card,
    case
        when fraud = 'stolen' then pick(['US', 'BR', 'CA', 'AU'], u('issuer', block_key))
        when fraud = 'testing' then pick(['US', 'US', 'GB', 'BR'], u('issuer', block_key))
        when u('issuer', customer_no) < 0.03 then customer_country(customer_no + 555555)
        else home_country
    end as issuer_country,
    case
        when fraud is not null then pick(['VN', 'NG', 'ID', 'UA', 'RO'], u('ip', block_key))
        when u('ip', order_no) < 0.03 then customer_country(order_no + 333333)
        else home_country
    end as ip_country,
    case
        when fraud = 'stolen' and u('farm', block_key) < 0.3 then h('farm device', between_u('which', block_key, 0, 7))
        when fraud is not null then h('thief device', block_key)
        when u('device', order_no) < 0.03 then h('passing device', order_no)
        else h('device', customer_no * 2 + if(u('second device', order_no) < 0.2, 1, 0))
    end as device
from chunk_timelines;

insert into queue_transactions
with declines as (
    select
        *,
        unnest(range(n_declines)) as try_no
    from chunk_cards
    where n_declines > 0
),

steps as (
    select
        * exclude (card, try_no),
        try_no as step_no,
        'declined' as "type",
        total as amount,
        case
            when
                fraud = 'testing'
                then h('tested card', block_key * 8 + between_u('which card', order_no * 64 + try_no, 0, 4))
            else card
        end as card,
        pick(
            if(coalesce(fraud, '') = 'testing', ['05', '14', '14', '54', '57'], ['51', '51', '05', '54']),
            u('code', order_no * 64 + try_no)
        ) as response_code,
        seconds_after(
            ordered_at, between_u('answer', order_no, 2, 9) + try_no * case when fraud = 'testing' then 7 else 45 end
        ) as created_at
    from declines
    union all by name
    select
        *,
        40 as step_no,
        'authorised' as "type",
        total as amount,
        '00' as response_code,
        last_answer_at as created_at
    from chunk_cards
    where not is_unpaid
    union all by name
    select
        *,
        41 as step_no,
        'captured' as "type",
        case
            when capture = 'partial' then round(total * (0.6 + 0.35 * u('partly', order_no))::decimal(4, 3), 2)
            else total
        end::decimal(12, 2) as amount,
        '00' as response_code,
        captured_at as created_at
    from chunk_cards
    where captured_at is not null and capture <> 'missing'
    union all by name
    select
        *,
        42 as step_no,
        'captured' as "type",
        total as amount,
        '00' as response_code,
        captured_at + interval 4 second as created_at
    from chunk_cards
    where captured_at is not null and capture = 'double'
    union all by name
    -- 1 refund in 300 never reaches the processor
    select
        *,
        43 as step_no,
        'refunded' as "type",
        refund_amount as amount,
        '00' as response_code,
        refunded_at + interval 2 second as created_at
    from chunk_cards
    where refunded_at is not null and u('forgotten', order_no) >= 0.0033
)

select
    late_by('transaction', order_no * 64 + step_no, created_at) as delivered_on,
    created_at as sort_at,
    order_no * 64 + step_no as sort_id,
    order_no * 64 + step_no as entity_id,
    'tx_' || hex16(h('tx', order_no * 64 + step_no)) as transaction_id,
    1000000 + order_no as order_id,
    "type",
    amount,
    currency_code,
    'card_' || hex16(card) as fingerprint,
    (['visa', 'visa', 'mastercard', 'mastercard', 'amex'])[1 + (card % 5)::integer] as brand,
    (['411111', '453201', '545454', '520082', '371449'])[1 + (card % 5)::integer] as bin,
    issuer_country,
    response_code,
    ip_country,
    customer_no as customer_id,
    'dev_' || hex16(device) as device,
    created_at
from steps
where created_at::date <= getvariable('last_on');
