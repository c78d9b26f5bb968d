-- What became of messages about incidents. `outbox_now` has a row for each message, with the last that happened to it.
select
    channel,
    count(*) filter (where event = 'sent') as sent,
    count(*) filter (where event = 'dropped') as dropped,
    count(*) filter (where event in ('queued', 'failed')) as waiting
from outbox_now
group by channel
order by channel
