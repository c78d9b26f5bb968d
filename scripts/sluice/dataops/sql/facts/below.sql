-- Each mart with every node that it is made of, itself included.
with recursive reached as (

    select unique_id as node, label as mart
    from marts
    union
    select edges.parent, reached.mart
    from reached
    inner join edges on reached.node = edges.child

)

select * from reached
