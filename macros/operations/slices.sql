{#-
    How the reconciliation works on what a build touches. A slice is a piece of a delivered file: its rows, 100,000 at a time.
    int_slices__touched says in which slices a row can have another fate than at the end of the last whole build; models that
    count by slice replace these slices and keep the others. All slices are counted where the model was not part of the
    last whole build, after `--full-refresh`, and when SLUICE_CHECK is `whole`.
-#}

{% macro slice_number(rows) -%}
    {#- In which slice of its file a row of `rows` was delivered. -#}
    coalesce({{ rows }}.source_position, 0) // 100000
{%- endmacro %}


{% macro is_touched_only() -%}
    {#- Whether the model counts only the touched slices in this run: a value for `if`, not SQL. -#}
    {%- set touched = ref('int_slices__touched') -%}
    {{ return(
        is_incremental()
        and env_var('SLUICE_CHECK', '') != 'whole'
        and sluice.last_build(this.identifier)
        and sluice.last_build('int_slices__touched')
    ) }}
{%- endmacro %}


{% macro touched_slices(entity, rows) -%}
    {#- Joins `rows`, rows of an entity with where they were delivered, with the touched slices; nothing where all are counted. -#}
    {%- if sluice.is_touched_only() -%}
    inner join {{ ref('int_slices__touched') }} as touched
        on
            touched.entity = '{{ entity }}'
            and {{ rows }}.batch_id = touched.batch_id
            and {{ rows }}.source_file = touched.source_file
            and {{ sluice.slice_number(rows) }} = touched.slice_number
    {%- endif -%}
{%- endmacro %}


{% macro get_incremental_replace_slices_sql(arguments) -%}
    {#- incremental_strategy: the slices that were counted again leave the table, then they come as they are now. -#}
    {%- set target = arguments['target_relation'] -%}
    delete from {{ target }}
    {%- if sluice.is_touched_only() %}
    using {{ ref('int_slices__touched') }} as touched
    where
        {{ target.identifier }}.entity = touched.entity
        and {{ target.identifier }}.batch_id = touched.batch_id
        and {{ target.identifier }}.source_file = touched.source_file
        and {{ target.identifier }}.slice_number = touched.slice_number
    {%- endif %};
    {{ get_insert_into_sql(target, arguments['temp_relation'], arguments['dest_columns']) }}
{%- endmacro %}
