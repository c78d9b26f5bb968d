-- What the tables of the current releases held when they were built.
select
    pointed.environment,
    relation,
    max_by(row_count, measured_at) as rows_held,
    max_by(bytes, measured_at) as bytes_held,
    epoch(max_by(newest_at, measured_at)) as newest_at
from profiles
inner join pointed on profiles.release_id = pointed.release_id
where column_name is null
group by all
order by all
