"""What notebooks call (тетради): every function that a shipped notebook uses is named here once, and nowhere else.

A notebook opens with `from effschool.run.notebook import *`; where a function stands, `tabulate_lists?` says in a cell.
"""

from effschool.base.storage import find_given, read_table
from effschool.base.subprocesses import start_calls
from effschool.certainty.backtest import follow_listed
from effschool.certainty.explain import choose_school, choose_year, explain_decision, explain_index
from effschool.certainty.rules_power import estimate_reliability
from effschool.certainty.sampling import Recount
from effschool.certainty.shrinkage import estimate_levels
from effschool.certainty.stability import assess_lists
from effschool.certainty.structure import correlate_indicators, find_constants, measure_influence
from effschool.doubt.examine import examine_doubt, leave_out_doubtful, open_borders
from effschool.dynamics.clusters import find_clusters
from effschool.dynamics.effects import assess_programme
from effschool.dynamics.follow import clip_dynamics, follow_schools
from effschool.dynamics.partners import find_partners
from effschool.intake.corrections import list_headings
from effschool.intake.ingest import check_complete, ingest_folder, open_layouts, read_contract, write_ingested
from effschool.intake.layouts import load_layouts
from effschool.intake.missing import check_missing, find_missing, judge_missing, write_missing
from effschool.lab.browse import show_table
from effschool.lab.changes import Run, compare_last_years, keep_run, tabulate_changes, tell_changes
from effschool.lab.comparison import (
    chart_overlaps,
    compare_methodologies,
    load_compared,
    tabulate_differences,
    tabulate_overlaps,
    tabulate_sizes,
)
from effschool.lab.panels import (
    describe_desk,
    explore_cohorts,
    explore_data,
    list_similar,
    offer_run,
    open_desk,
    open_tabs,
    try_rules,
)
from effschool.lab.trials import open_tables, tell_folder
from effschool.method.identify import identify_schools
from effschool.method.methodology import load_methodology
from effschool.public.earlier import refuse_second
from effschool.public.release import make_release, pool_shares
from effschool.public.sections import (
    chart_years,
    count_hidden,
    describe_release,
    explain_hiding,
    show_release_figures,
    tabulate_anonymous,
    tabulate_places,
    tabulate_shares,
    tabulate_worse,
    write_rows,
)
from effschool.report.display import fold_table, gather_notes, keep_told
from effschool.report.fact_book import write_facts
from effschool.report.note import write_note
from effschool.report.own import list_own_charts
from effschool.report.portfolio import open_portfolio, open_region
from effschool.report.privacy import load_privacy
from effschool.report.sections.certainty import (
    chart_rules,
    chart_verdicts,
    tabulate_backtest,
    tabulate_certainty,
    tabulate_drivers,
    tabulate_general,
)
from effschool.report.sections.cohorts import (
    chart_gains,
    chart_level_change,
    tabulate_grade_steps,
    tabulate_level_change,
    tabulate_unusual,
)
from effschool.report.sections.conclusions import (
    conclude_dynamics,
    conclude_intake,
    conclude_lists,
    conclude_support,
)
from effschool.report.sections.context import tabulate_context, tabulate_risks, tabulate_teachers
from effschool.report.sections.doubts import (
    chart_marks_use,
    chart_peaks,
    summarise_doubts,
    tabulate_doubt_places,
    tabulate_doubts,
    tabulate_effect,
    tabulate_kinds,
)
from effschool.report.sections.dynamics import (
    chart_cohorts,
    chart_flows,
    chart_leaving,
    chart_list_flows,
    chart_transitions,
    tabulate_endings,
    tabulate_list_shares,
    tabulate_long_members,
    tabulate_transitions,
    tabulate_turnover,
)
from effschool.report.sections.effects import (
    chart_balance,
    chart_clusters,
    chart_events,
    chart_passages,
    chart_rise,
    describe_effect,
    tabulate_clusters,
    tabulate_effect_indicators,
    tabulate_entry_years,
    tabulate_placebo,
    tell_programme,
)
from effschool.report.sections.explanation import chart_index_parts, tabulate_index_parts, tabulate_school_decisions
from effschool.report.sections.first_screen import (
    describe_municipality,
    describe_sureness,
    list_attention,
    show_key_figures,
)
from effschool.report.sections.glossary import tabulate_terms
from effschool.report.sections.indicators import say_caveat, say_no_ranges, tabulate_indicators
from effschool.report.sections.management import (
    tabulate_management,
    tabulate_management_places,
    tabulate_region_management,
)
from effschool.report.sections.method import tabulate_method, tabulate_used_thresholds
from effschool.report.sections.missing import describe_missing
from effschool.report.sections.monitoring import tabulate_all_stages, tabulate_region_stages, tabulate_stages
from effschool.report.sections.municipality import (
    chart_matrix,
    describe_book,
    describe_data,
    explain_abbreviations,
    mark_internal,
    tabulate_decisions,
    tabulate_histories,
    tabulate_lists,
    tabulate_own_corrections,
    tabulate_own_treatments,
)
from effschool.report.sections.official import (
    tabulate_official,
    tabulate_official_reasons,
    tabulate_own_official,
    tell_official,
)
from effschool.report.sections.own_dynamics import chart_changes, describe_moves, tabulate_pupil_cohorts
from effschool.report.sections.participants import (
    tabulate_curators,
    tabulate_own_proposed,
    tabulate_participants,
    tabulate_projects,
    tabulate_proposed,
    tabulate_region_proposed,
    tell_proposed,
)
from effschool.report.sections.partners import tabulate_named_assignment, tabulate_named_partners, tabulate_partners
from effschool.report.sections.practices import tabulate_practices
from effschool.report.sections.progress import choose_period, describe_progress, tabulate_done, tabulate_next
from effschool.report.sections.protocol import (
    describe_protocol,
    list_annexes,
    tabulate_input_files,
    tabulate_parameters,
    tabulate_sureness,
)
from effschool.report.sections.provenance import tabulate_sources
from effschool.report.sections.region import (
    chart_failures,
    chart_map,
    chart_region_matrix,
    choose_members,
    describe_region,
    explain_approval,
    find_steps,
    link_reports,
    list_concerns,
    show_region_figures,
    tabulate_advice,
    tabulate_insufficient,
    tabulate_members,
    tabulate_municipalities,
    tabulate_steps,
)
from effschool.report.sections.roadmap import tabulate_own_events, tabulate_region_events, tabulate_roadmap_shares
from effschool.report.sections.school import (
    tabulate_comments,
    tabulate_figures,
    tell_schools,
    write_school_pages,
)
from effschool.report.sections.school_programme import write_drafts
from effschool.report.sections.schools import tabulate_schools
from effschool.report.sections.stages import (
    list_questions,
    tabulate_contract,
    tabulate_correction_entries,
    tabulate_doubtful,
    tabulate_found_files,
    tabulate_found_problems,
    tabulate_groups,
    tabulate_list_sizes,
    tabulate_listed,
    tabulate_notices,
    tabulate_renamed,
    tabulate_treatments,
    write_doubtful,
)
from effschool.report.sections.structure import tabulate_constants, tabulate_correlations, tabulate_influence
from effschool.report.sections.targets import (
    list_unused_facts,
    tabulate_asked,
    tabulate_region_targets,
    tabulate_target_places,
    tabulate_targets,
)
from effschool.report.sections.tasks import (
    tabulate_place_topics,
    tabulate_region_tasks,
    tabulate_topics,
    tabulate_weak_tasks,
)
from effschool.report.workbook import About, write_workbook
from effschool.report.workspace import (
    Support,
    load_counted,
    load_dynamics,
    load_identified,
    load_named_partners,
    load_region,
    load_saved_region,
    load_used_methodology,
    load_workspace,
    save_certainty,
    save_decisions,
    save_deficits,
    save_doubt,
    save_dynamics,
    save_groups,
    save_identified,
    save_region,
    save_support,
)
from effschool.run.one_report import make_report, record_run
from effschool.support.context import list_teachers, load_context, profile_schools, tabulate_factors
from effschool.support.management import assess_management, list_unknown, load_cycle
from effschool.support.monitoring import StageBasis, follow_stages
from effschool.support.official import compare_official
from effschool.support.participants import name_approved, name_participants
from effschool.support.practices import find_practices
from effschool.support.programmes import load_programmes
from effschool.support.projects import load_projects
from effschool.support.proposal import ProposalBasis, propose_participants
from effschool.support.roadmap import judge_events
from effschool.support.targets import FactBasis, compare_targets
from effschool.support.terms import read_term
from effschool.tasks.deficits import find_deficits
from effschool.tasks.works import load_task_rules, load_works
