-- Grain: one row per metric, version, period grain, period and scope: every metric model below one another.
-- Generated from the folders by `kerncijfers metrics sync`; do not edit. It stands here because no layer
-- reads from one further on.
{{ config(materialized='view', contract={'enforced': false}) }}
select
    'activation_rate' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_activation_rate', v=1) }}
union all
select
    'adjusted_ebitda' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_adjusted_ebitda', v=1) }}
union all
select
    'admin_ratio' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_admin_ratio', v=1) }}
union all
select
    'annualised_churn' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_annualised_churn', v=1) }}
union all
select
    'annualised_gross_retention' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_annualised_gross_retention', v=1) }}
union all
select
    'aov' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_aov', v=1) }}
union all
select
    'aov' as metric,
    2 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_aov', v=2) }}
union all
select
    'arpa' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_arpa', v=1) }}
union all
select
    'arpa_new' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_arpa_new', v=1) }}
union all
select
    'arr' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_arr', v=1) }}
union all
select
    'average_arr' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_average_arr', v=1) }}
union all
select
    'backlog_months' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_backlog_months', v=1) }}
union all
select
    'billable_hours' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_billable_hours', v=1) }}
union all
select
    'billable_utilisation' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_billable_utilisation', v=1) }}
union all
select
    'bookings' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_bookings', v=1) }}
union all
select
    'break_even_roas' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_break_even_roas', v=1) }}
union all
select
    'burn_multiple' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_burn_multiple', v=1) }}
union all
select
    'cac' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_cac', v=1) }}
union all
select
    'cac_payback' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_cac_payback', v=1) }}
union all
select
    'cac_payback_all_customers' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_cac_payback_all_customers', v=1) }}
union all
select
    'cac_payback_net_new' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_cac_payback_net_new', v=1) }}
union all
select
    'cac_payback_revenue' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_cac_payback_revenue', v=1) }}
union all
select
    'campaign_response_rate' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_campaign_response_rate', v=1) }}
union all
select
    'campaign_roi' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_campaign_roi', v=1) }}
union all
select
    'cash' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_cash', v=1) }}
union all
select
    'ccc' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_ccc', v=1) }}
union all
select
    'churned_mrr' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_churned_mrr', v=1) }}
union all
select
    'clv' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_clv', v=1) }}
union all
select
    'clv_cac' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_clv_cac', v=1) }}
union all
select
    'clv_cac_revenue' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_clv_cac_revenue', v=1) }}
union all
select
    'clv_margin' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_clv_margin', v=1) }}
union all
select
    'clv_multiple_advance' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_clv_multiple_advance', v=1) }}
union all
select
    'clv_multiple_arrears' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_clv_multiple_arrears', v=1) }}
union all
select
    'cohort_retention' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_cohort_retention', v=1) }}
union all
select
    'collection_rate' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_collection_rate', v=1) }}
union all
select
    'continuity_reserve' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_continuity_reserve', v=1) }}
union all
select
    'contracted_arr' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_contracted_arr', v=1) }}
union all
select
    'contraction_mrr' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_contraction_mrr', v=1) }}
union all
select
    'contribution_margin' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_contribution_margin', v=1) }}
union all
select
    'conversion' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_conversion', v=1) }}
union all
select
    'cost_of_sales' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_cost_of_sales', v=1) }}
union all
select
    'cost_per_impact_unit' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_cost_per_impact_unit', v=1) }}
union all
select
    'cost_per_lead' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_cost_per_lead', v=1) }}
union all
select
    'cost_per_person_reached' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_cost_per_person_reached', v=1) }}
union all
select
    'cpa' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_cpa', v=1) }}
union all
select
    'csat' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_csat', v=1) }}
union all
select
    'csat_per_respondent' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_csat_per_respondent', v=1) }}
union all
select
    'csat_without_neutral' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_csat_without_neutral', v=1) }}
union all
select
    'current_ratio' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_current_ratio', v=1) }}
union all
select
    'customer_retention' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_customer_retention', v=1) }}
union all
select
    'debt_to_ebitda' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_debt_to_ebitda', v=1) }}
union all
select
    'dio' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_dio', v=1) }}
union all
select
    'donor_retention' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_donor_retention', v=1) }}
union all
select
    'dpo' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_dpo', v=1) }}
union all
select
    'dscr' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_dscr', v=1) }}
union all
select
    'dscr' as metric,
    2 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_dscr', v=2) }}
union all
select
    'dso' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_dso', v=1) }}
union all
select
    'dso_closing' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_dso_closing', v=1) }}
union all
select
    'ebitda' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_ebitda', v=1) }}
union all
select
    'ebitda_margin' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_ebitda_margin', v=1) }}
union all
select
    'effective_rate' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_effective_rate', v=1) }}
union all
select
    'effective_rate' as metric,
    2 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_effective_rate', v=2) }}
union all
select
    'equity_to_debt' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_equity_to_debt', v=1) }}
union all
select
    'expansion_mrr' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_expansion_mrr', v=1) }}
union all
select
    'expected_bookings' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_expected_bookings', v=1) }}
union all
select
    'expected_target_share' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_expected_target_share', v=1) }}
union all
select
    'free_cash_flow' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_free_cash_flow', v=1) }}
union all
select
    'fundraising_cost_ratio' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_fundraising_cost_ratio', v=1) }}
union all
select
    'fundraising_cost_ratio_three_years' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_fundraising_cost_ratio_three_years', v=1) }}
union all
select
    'goal_spend_ratio_expense' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_goal_spend_ratio_expense', v=1) }}
union all
select
    'goal_spend_ratio_income' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_goal_spend_ratio_income', v=1) }}
union all
select
    'gross_burn' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_gross_burn', v=1) }}
union all
select
    'gross_margin' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_gross_margin', v=1) }}
union all
select
    'gross_mrr_churn' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_gross_mrr_churn', v=1) }}
union all
select
    'gross_mrr_churn_after_grace' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_gross_mrr_churn_after_grace', v=1) }}
union all
select
    'gross_sales' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_gross_sales', v=1) }}
union all
select
    'grr' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_grr', v=1) }}
union all
select
    'guarantee_solvency' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_guarantee_solvency', v=1) }}
union all
select
    'income_growth' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_income_growth', v=1) }}
union all
select
    'income_growth_three_years' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_income_growth_three_years', v=1) }}
union all
select
    'inventory_turnover' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_inventory_turnover', v=1) }}
union all
select
    'key_event_rate' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_key_event_rate', v=1) }}
union all
select
    'lead_conversion' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_lead_conversion', v=1) }}
union all
select
    'leads' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_leads', v=1) }}
union all
select
    'logo_churn' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_logo_churn', v=1) }}
union all
select
    'logo_churn_after_grace' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_logo_churn_after_grace', v=1) }}
union all
select
    'ltv' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_ltv', v=1) }}
union all
select
    'ltv' as metric,
    2 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_ltv', v=2) }}
union all
select
    'ltv_capped' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_ltv_capped', v=1) }}
union all
select
    'marketing_leads' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_marketing_leads', v=1) }}
union all
select
    'mer' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_mer', v=1) }}
union all
select
    'mrr' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_mrr', v=1) }}
union all
select
    'net_aov' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_net_aov', v=1) }}
union all
select
    'net_burn' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_net_burn', v=1) }}
union all
select
    'net_burn' as metric,
    2 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_net_burn', v=2) }}
union all
select
    'net_margin' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_net_margin', v=1) }}
union all
select
    'net_profit' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_net_profit', v=1) }}
union all
select
    'net_sales' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_net_sales', v=1) }}
union all
select
    'new_mrr' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_new_mrr', v=1) }}
union all
select
    'nps' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_nps', v=1) }}
union all
select
    'nps_per_respondent' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_nps_per_respondent', v=1) }}
union all
select
    'nrr' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_nrr', v=1) }}
union all
select
    'nrr' as metric,
    2 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_nrr', v=2) }}
union all
select
    'open_pipeline' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_open_pipeline', v=1) }}
union all
select
    'operating_cash_flow' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_operating_cash_flow', v=1) }}
union all
select
    'order_backlog' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_order_backlog', v=1) }}
union all
select
    'orders' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_orders', v=1) }}
union all
select
    'overdue_payables' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_overdue_payables', v=1) }}
union all
select
    'overdue_receivables' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_overdue_receivables', v=1) }}
union all
select
    'pipeline_coverage' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_pipeline_coverage', v=1) }}
union all
select
    'project_margin' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_project_margin', v=1) }}
union all
select
    'quick_ratio_liquidity' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_quick_ratio_liquidity', v=1) }}
union all
select
    'quick_ratio_liquidity' as metric,
    2 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_quick_ratio_liquidity', v=2) }}
union all
select
    'reach' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_reach', v=1) }}
union all
select
    'reactivated_mrr' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_reactivated_mrr', v=1) }}
union all
select
    'realisation_hours' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_realisation_hours', v=1) }}
union all
select
    'realisation_rate' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_realisation_rate', v=1) }}
union all
select
    'refund_order_rate' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_refund_order_rate', v=1) }}
union all
select
    'refund_rate' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_refund_rate', v=1) }}
union all
select
    'repeat_purchase_rate' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_repeat_purchase_rate', v=1) }}
union all
select
    'required_coverage' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_required_coverage', v=1) }}
union all
select
    'resolution_time' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_resolution_time', v=1) }}
union all
select
    'response_time' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_response_time', v=1) }}
union all
select
    'response_time_business' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_response_time_business', v=1) }}
union all
select
    'response_time_business_p90' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_response_time_business_p90', v=1) }}
union all
select
    'response_time_p90' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_response_time_p90', v=1) }}
union all
select
    'revenue' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_revenue', v=1) }}
union all
select
    'revenue_concentration' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_revenue_concentration', v=1) }}
union all
select
    'revenue_growth' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_revenue_growth', v=1) }}
union all
select
    'revenue_hhi' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_revenue_hhi', v=1) }}
union all
select
    'revenue_per_customer' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_revenue_per_customer', v=1) }}
union all
select
    'revenue_per_fte' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_revenue_per_fte', v=1) }}
union all
select
    'revenue_per_session' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_revenue_per_session', v=1) }}
union all
select
    'revenue_per_visitor' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_revenue_per_visitor', v=1) }}
union all
select
    'roas' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_roas', v=1) }}
union all
select
    'roas_overlap' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_roas_overlap', v=1) }}
union all
select
    'rule_of_40' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_rule_of_40', v=1) }}
union all
select
    'rule_of_40_ebitda' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_rule_of_40_ebitda', v=1) }}
union all
select
    'rule_of_40_gross' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_rule_of_40_gross', v=1) }}
union all
select
    'rule_of_40_operating' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_rule_of_40_operating', v=1) }}
union all
select
    'runway' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_runway', v=1) }}
union all
select
    'runway_with_securities' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_runway_with_securities', v=1) }}
union all
select
    'saas_quick_ratio' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_saas_quick_ratio', v=1) }}
union all
select
    'saas_quick_ratio' as metric,
    2 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_saas_quick_ratio', v=2) }}
union all
select
    'sales_cycle' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_sales_cycle', v=1) }}
union all
select
    'sales_cycle_with_open' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_sales_cycle_with_open', v=1) }}
union all
select
    'solvency' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_solvency', v=1) }}
union all
select
    'subscriber_cac' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_subscriber_cac', v=1) }}
union all
select
    'subscriber_cac_with_returned' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_subscriber_cac_with_returned', v=1) }}
union all
select
    'subscriber_clv' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_subscriber_clv', v=1) }}
union all
select
    'tickets' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_tickets', v=1) }}
union all
select
    'time_per_project' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_time_per_project', v=1) }}
union all
select
    'top5_customer_share' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_top5_customer_share', v=1) }}
union all
select
    'top_customer_share' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_top_customer_share', v=1) }}
union all
select
    'total_income' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_total_income', v=1) }}
union all
select
    'trade_receivables' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_trade_receivables', v=1) }}
union all
select
    'trial_conversion' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_trial_conversion', v=1) }}
union all
select
    'unanswered_age' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_unanswered_age', v=1) }}
union all
select
    'unanswered_tickets' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_unanswered_tickets', v=1) }}
union all
select
    'utilisation_of_available' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_utilisation_of_available', v=1) }}
union all
select
    'utilisation_of_contract' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_utilisation_of_contract', v=1) }}
union all
select
    'visitor_conversion' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_visitor_conversion', v=1) }}
union all
select
    'win_rate' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_win_rate', v=1) }}
union all
select
    'win_rate' as metric,
    2 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_win_rate', v=2) }}
union all
select
    'working_capital' as metric,
    1 as metric_version,
    period_grain,
    period,
    period_start,
    period_end,
    scope,
    numerator,
    denominator,
    n
from {{ ref('metric_working_capital', v=1) }}
