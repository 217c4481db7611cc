{% set levels = {'95': 1.959963984540054, '80': 1.2815515655446004} -%}
-- Grain: one row per value that comes from a sample, with its 95 % interval (to print) and its 80 % interval (to decide by).
-- wilson: a share of the denominator. poisson: an amount over a count of events. inverse_wilson: an amount over a share of n.
-- nps: promoters less detractors, over answers or over respondents; when all gave the same answer their variance says nothing, and
-- Wilson's bound does.
with

metrics as (

    select * from {{ ref('rpt_metrics') }}

),

metric_values as (

    select * from {{ ref('int_metric_values') }}

),

poisson as (

    select * from {{ ref('int_poisson_limits') }}

),

surveys as (

    select * from {{ ref('fct_survey_by_period') }}
    where survey = 'nps'

),

sampled as (

    select
        metric_values.metric,
        metric_values.version,
        metric_values.grain,
        metric_values.period,
        metric_values.scope,
        metrics.interval_method,
        cast(metric_values.numerator as double) as amount,
        cast(
            case metrics.interval_method when 'inverse_wilson' then metric_values.n else metric_values.denominator end as double
        ) as trials,
        cast(
            case metrics.interval_method when 'inverse_wilson' then metric_values.denominator else metric_values.numerator end
            as double
        ) as successes,
        cast(
            case metrics.interval_method
                when 'nps_per_respondent' then surveys.promoter_respondent_count else surveys.promoter_count
            end as double
        ) as promoters,
        cast(
            case metrics.interval_method
                when 'nps_per_respondent' then surveys.detractor_respondent_count else surveys.detractor_count
            end as double
        ) as detractors,
        {% for level in levels -%}
        poisson.low_{{ level }} as events_low_{{ level }},
        poisson.high_{{ level }} as events_high_{{ level }}{{ ',' if not loop.last }}
        {% endfor %}
    from metric_values
    inner join metrics
        on
            metric_values.metric = metrics.metric
            and metric_values.version = metrics.version
    left join poisson
        on
            metrics.interval_method = 'poisson'
            and metric_values.denominator = poisson.events
    left join surveys
        on
            metrics.interval_method in ('nps', 'nps_per_respondent')
            and metric_values.grain = surveys.period_grain
            and metric_values.period = surveys.period
    where
        metrics.interval_method <> 'none'
        and metric_values.value is not null

),

shares as (

    select
        sampled.*,
        case
            when successes between 0 and trials then successes / nullif(trials, 0)
        end as share,
        (promoters - detractors) / nullif(trials, 0) as score,
        (promoters + detractors) / nullif(trials, 0)
        - (promoters - detractors) * (promoters - detractors) / nullif(trials * trials, 0) as score_variance
    from sampled

),

spread as (

    select
        shares.*,
        {% for level, z in levels.items() -%}
        (share + {{ z * z / 2 }} / trials) / (1 + {{ z * z }} / trials) as centre_{{ level }},
        {{ z }} * sqrt(share * (1 - share) / trials + {{ z * z / 4 }} / (trials * trials)) / (1 + {{ z * z }} / trials)
            as half_{{ level }},
        case
            when score_variance > 0 then {{ z }} * sqrt(score_variance / trials)
            else (1 + abs(score)) * {{ z * z }} / (trials + {{ z * z }})
        end as score_half_{{ level }}{{ ',' if not loop.last }}
        {% endfor %}
    from shares

),

bounded as (

    select
        spread.*,
        {% for level in levels -%}
        case when successes = 0 then 0 else centre_{{ level }} - half_{{ level }} end
            as share_low_{{ level }},
        case when successes = trials then 1 else centre_{{ level }} + half_{{ level }} end
            as share_high_{{ level }}{{ ',' if not loop.last }}
        {% endfor %}
    from spread

)

select
    metric,
    version,
    grain,
    period,
    scope,
    {% for level in levels -%}
    cast(
        case
            when interval_method = 'wilson' then share_low_{{ level }}
            when interval_method = 'inverse_wilson' then amount / (trials * share_high_{{ level }})
            when interval_method = 'poisson' then amount / events_high_{{ level }}
            when interval_method in ('nps', 'nps_per_respondent')
                then 100 * case when score > score_half_{{ level }} - 1 then score - score_half_{{ level }} else -1 end
        end as decimal(28, 10)
    ) as low_{{ level }},
    cast(
        case
            when interval_method = 'wilson' then share_high_{{ level }}
            when interval_method = 'inverse_wilson' then amount / nullif(trials * share_low_{{ level }}, 0)
            when interval_method = 'poisson' then amount / nullif(events_low_{{ level }}, 0)
            when interval_method in ('nps', 'nps_per_respondent')
                then 100 * case when score < 1 - score_half_{{ level }} then score + score_half_{{ level }} else 1 end
        end as decimal(28, 10)
    ) as high_{{ level }}{{ ',' if not loop.last }}
    {% endfor %}
from bounded
