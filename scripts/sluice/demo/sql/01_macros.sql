-- What every other file draws from. Randomness is a hash of (seed, salt, id), never random(): the same
-- seed gives the same rows in any order and with any number of threads.
-- Two rounds of hash() on purpose: hash(a, b) of neighbouring salts is correlated (measured: 0.62).

-- Indents are not judged here: the linter would move the body of a macro to the left.
-- noqa: disable=LT02

create macro h(salt, id) as
    hash(xor(hash(id::ubigint), hash(salt || getvariable('seed')::varchar)));

create macro u(salt, id) as (h(salt, id) >> 11)::double / 9007199254740992;

create macro between_u(salt, id, low, high) as low + floor(u(salt, id) * (high - low + 1))::bigint;

create macro gauss(salt, id) as
    sqrt(-2 * ln(u(salt || '/r', id) + 1e-12)) * cos(6.283185307179586 * u(salt || '/a', id));

create macro pick(options, x) as options[1 + floor(x * len(options))::integer];

create macro seconds_after(moment, n) as moment + to_seconds(n::bigint);

create macro hex16(x) as format('{:016x}', x);

-- About 1 row in 120 arrives 1 to 3 days late. Nothing is later than the last day of the run.
create macro late_by(salt, id, moment) as
    least(
        moment::date
        + case when u(salt || '/late', id) < 0.008 then between_u(salt || '/days', id, 1, 3) else 0 end::integer,
        greatest(getvariable('last_on'), moment::date)
    );

-- Weighted by repetition: a country's share is how often it is listed here (of 40).
create macro customer_country(customer_no) as pick(
    [
        'DE', 'DE', 'DE', 'DE', 'DE', 'DE', 'DE', 'DE', 'DE', 'DE', 'DE', 'DE', 'FR', 'FR', 'FR', 'FR', 'FR', 'FR',
        'GB', 'GB', 'GB', 'GB', 'GB', 'NL', 'NL', 'NL', 'NL', 'AT', 'AT', 'AT', 'SE', 'SE', 'PL', 'PL', 'PL', 'CH',
        'CH', 'ES', 'IT', 'US'
    ],
    u('country', customer_no)
);

create macro currency_of(country) as
    case country
        when 'GB' then 'GBP'
        when 'SE' then 'SEK'
        when 'PL' then 'PLN'
        when 'CH' then 'CHF'
        when 'US' then 'USD'
        else 'EUR'
    end;

-- Every block of 64 customers (in order of sign-up) holds one crowd from heavy to rare buyers, so that each cohort has
-- its loyal ones: within a block the chance falls as 1 / rank. `known` is how many customers there are so far.
create macro returning_customer(salt, id, known) as
    floor((known // 64) * pow(u(salt || '/block', id), 0.8))::bigint * 64
    + (
        (floor(exp(u(salt || '/rank', id) * ln(65)))::bigint - 1) * 37
        + (h('shuffle', floor((known // 64) * pow(u(salt || '/block', id), 0.8))::bigint) % 64)::bigint
    ) % 64;

-- A visitor is a customer's browser: two each, the second one rarely used.
create macro customer_visitor(customer_no, x) as
    'v_' || hex16(h('visitor', customer_no * 2 + case when x < 0.25 then 1 else 0 end));

create macro csv_text(v) as
    case when contains(v, ',') or contains(v, '"') then '"' || replace(v, '"', '""') || '"' else coalesce(v, '') end;

create macro json_text(v) as coalesce('"' || replace(v, '"', '\"') || '"', 'null');

create macro json_time(moment) as strftime(moment, '%Y-%m-%dT%H:%M:%SZ');

create macro event_uuid(id) as format(
    '{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}',
    h('e', id) >> 32, (h('e', id) >> 16) & 65535, h('e', id) & 4095, h('f', id) >> 52, h('f', id) & 281474976710655
);

-- Faults (which row gets which is decided in damage.py; these change the text).
create macro set_field(fields, n, v) as
    list_concat(list_concat(fields[1:n - 1], [v]), fields[n + 1:]);

-- Too few columns; never an open quote, which would swallow the lines after it.
create macro csv_cut(fields) as
    array_to_string(fields[1:len(fields) // 2], ',') || ',' || left(replace(fields[len(fields) // 2 + 1], '"', ''), 3);

create macro csv_malformed(fields, id) as
    case when id % 2 = 0 then csv_cut(fields) else array_to_string(list_concat(fields, ['?', '?']), ',') end;

create macro json_cut(line) as left(line, greatest(len(line) * 6 // 10, 1)::integer);

create macro json_first_key_last(line) as regexp_replace(line, '^\{("[^"]+":"[^"]*"),(.*)\}$', '{\2,\1}');

create macro json_with(line, addition) as left(line, (len(line) - 1)::integer) || ',' || addition || '}';
