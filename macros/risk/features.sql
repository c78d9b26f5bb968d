{#-
    Features of the risk domain. They are declared in the YAML of the mart that holds them, under config.meta.features, so
    that they are in dbt's manifest: this file renders them as window functions, and whatever scores events as they come
    reads the same declaration. docs/risk.md describes its keys.
-#}

{% macro declared_features(node) -%}
    {#- What a mart declares under config.meta.features (a unit test overrides this macro); nothing while dbt parses. -#}
    {%- if execute and 'features' not in node.config.meta -%}
        {{ exceptions.raise_compiler_error(node.name ~ ' declares no features: name them in its YAML, config.meta.features') }}
    {%- endif -%}
    {{ return(node.config.meta.features if execute else {'features': [], 'columns': []}) }}
{%- endmacro %}


{% macro windowed_features(declared) -%}
    {#-
        One column per feature of `declared` that has a window, as of each event: what was known in [at - window, at), of the
        same entity. Nothing at the same microsecond counts, so two events of one moment do not see each other. Where the
        event has no such entity, the feature is null.
    -#}
    {%- for feature in declared.features if 'ratio' not in feature %}
    case when {{ sluice._entity_column(declared, feature) }} is not null then {{ sluice._aggregate(declared, feature) }} end
        as {{ feature.name }} {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{% macro feature_ratios(declared) -%}
    {#- One column per feature of `declared` that is a ratio of two others, or of columns; null where the second is 0. -#}
    {%- for feature in declared.features if 'ratio' in feature %}
    cast({{ feature.ratio[0] }} as double) / nullif(cast({{ feature.ratio[1] }} as double), 0) as {{ feature.name }}
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{% macro _aggregate(declared, feature) -%}
    {#-
        The window function of a feature. Sums are of whole numbers, so that no order of rows changes a bit. Events without
        the entity are each by themselves: together they would be the largest window of all, for nothing.
    -#}
    {%- set entity = sluice._entity_column(declared, feature) -%}
    {%- set start = 'unbounded' if feature.window == 'ever' else "interval '" ~ feature.window ~ "'" -%}
    {%- set over -%}
        {%- if feature.where %}filter (where {{ feature.where }}) {% endif -%}
        over (
            partition by {{ entity }}, case when {{ entity }} is null then {{ declared.id }} end order by {{ declared.at }}
            range between {{ start }} preceding and interval '1 microsecond' preceding
        )
    {%- endset -%}
    {%- set moment = declared.at -%}
    {%- set rendered = {
        'count': 'count(*) ' ~ over,
        'sum': 'cast(sum(' ~ feature.value ~ ') ' ~ over ~ ' as bigint)',
        'mean': 'cast(sum(' ~ feature.value ~ ') ' ~ over ~ ' as double) / nullif(cast(count(' ~ feature.value ~ ') '
            ~ over ~ ' as double), 0)',
        'min': 'min(' ~ feature.value ~ ') ' ~ over,
        'max': 'max(' ~ feature.value ~ ') ' ~ over,
        'count_distinct': 'count(distinct ' ~ feature.value ~ ') ' ~ over,
        'seconds_since_last': 'cast(epoch_us(' ~ moment ~ ') - epoch_us(max(' ~ moment ~ ') ' ~ over ~ ') as double) / 1000000',
        'seconds_since_first': 'cast(epoch_us(' ~ moment ~ ') - epoch_us(min(' ~ moment ~ ') ' ~ over ~ ') as double) / 1000000',
    } -%}
    {%- if feature.aggregate not in rendered -%}
        {{ exceptions.raise_compiler_error(
            'feature ' ~ feature.name ~ ': aggregate ' ~ feature.aggregate ~ ' is not known; it is one of '
            ~ rendered.keys() | join(', ')
        ) }}
    {%- endif -%}
    {%- if feature.aggregate in ['sum', 'mean', 'min', 'max', 'count_distinct'] and not feature.value -%}
        {{ exceptions.raise_compiler_error('feature ' ~ feature.name ~ ': ' ~ feature.aggregate ~ ' needs a value, a column') }}
    {%- endif -%}
    {{ return(rendered[feature.aggregate]) }}
{%- endmacro %}


{% macro _entity_column(declared, feature) -%}
    {#- The column of the entity that a feature names. -#}
    {%- if feature.entity not in declared.entities -%}
        {{ exceptions.raise_compiler_error(
            'feature ' ~ feature.name ~ ': entity ' ~ feature.entity ~ ' is not declared; it is one of '
            ~ declared.entities.keys() | join(', ')
        ) }}
    {%- endif -%}
    {{ return(declared.entities[feature.entity]) }}
{%- endmacro %}
