-- The whole weeks of the window, counted back from its end: a part of a week would look like a quiet one.
select
    span.to_at - (number + 1) * interval 7 days as begins_at,
    span.to_at - number * interval 7 days as ends_at
from span, unnest(range(0, floor(span.weeks)::bigint)) as series(number)
