//! What every engine must do: a case for each thing that the rules ask of a store.
//!
//! The cases see an engine through the [`Peerstore`](peermark_peerstore::Peerstore) on top of it
//! alone. Whoever writes an engine calls [`peerstore_conformance!`](crate::peerstore_conformance)
//! in its tests: each case becomes a test of its own, whose name starts with the rule that it pins.
//! [`conformance`] runs all of them in one go.
//!
//! ```
//! use peermark_peerstore::{Config, Memory, Shared};
//! use peermark_testkit::peerstore::conformance::conformance;
//!
//! fn make(config: Config) -> Memory {
//!     Memory::new(Shared::new(config))
//! }
//!
//! // A test of each case ...
//! peermark_testkit::peerstore_conformance!(make);
//! // ... or all of them at once.
//! conformance(make);
//! ```
#![expect(clippy::missing_panics_doc, reason = "a case panics when its rule is broken")]

pub mod addresses;
pub mod clocks;
pub mod connections;
pub mod evictions;
pub mod flood;
pub mod floors;
pub mod joins;
pub mod lasting;
pub mod lifetimes;
pub mod limits;
pub mod numbers;
pub mod provenance;
pub mod queries;
pub mod records;
pub mod same_seq;
pub mod shares;
pub mod signers;
pub mod subscriptions;
pub mod trial;

use peermark_peerstore::{Config, Engine};

use trial::Trial;

/// Makes an empty engine.
pub type Make<'a, E> = &'a dyn Fn(Config) -> E;

/// Runs every case.
pub fn conformance<E: Engine>(make: impl Fn(Config) -> E) {
    let make: Make<'_, E> = &make;
    crate::peerstore_conformance!(@each run make);
}

/// Makes a test of each case, of the engines that a function `fn(Config) -> impl Engine` makes.
///
/// `docs/spec.md` may cite what is listed here: the test of the tree reads the names between
/// `@cases` and `@end`.
#[macro_export]
macro_rules! peerstore_conformance {
    (@each $mode:ident $make:expr) => {
        $crate::peerstore_conformance! { @$mode $make;
            @cases
            addresses {
                s6_an_address_ends_exactly_at_its_time,
                s6_addresses_end_one_by_one,
                s6_an_address_that_is_seen_again_comes_back,
                s6_a_sweep_keeps_to_its_budget,
                s13_an_address_is_there_once,
                s13_foreign_suffixes_never_enter,
                s9_adding_extends_and_setting_overrides,
                s9_zero_takes_back_one_claim,
                s9_changes_by_source_are_of_that_source,
                s9_removing_takes_what_is_there,
                s9_clearing_is_of_one_peer,
            }
            provenance {
                p1_claims_live_beside_each_other,
                p1_claims_know_when_they_were_seen,
                p2_only_a_record_certifies,
                p3_claims_in_any_order_make_the_same_store,
                p5_the_best_claim_is_the_class,
                p5_a_record_knows_who_delivered_it,
                p6_dials_feed_back,
                p6_a_cancelled_dial_changes_nothing,
                p6_a_record_and_its_dials_are_apart,
            }
            records {
                s1_every_outcome_has_its_counts,
                s1_what_is_inserted_is_there,
                s1_a_record_keeps_its_order,
                s2_the_higher_number_wins,
                s2_no_addresses_withdraw_everything,
                s2_the_newest_of_many_at_once_stays,
                p4_a_newer_record_withdraws,
                p4_unsigned_lives_beside_certified,
                s1_peers_of_all_key_types_live_beside_each_other,
                s1_an_envelope_has_the_size_that_is_allowed,
            }
            same_seq {
                s2_contents_of_one_number_are_put_in_order,
                s2_what_the_peer_said_last_is_held,
                s2_the_same_addresses_refresh,
                s2_of_one_payload_one_signature_is_held,
                s2_a_proof_ends_with_a_higher_number,
                s2_a_withdrawal_contradicts,
                s2_contradictions_of_others_leave_a_proof,
                s2_both_dialects_share_a_floor,
            }
            floors {
                s3_floors_outlive_records,
                s3_a_newer_record_is_welcome,
                s3_floors_end_so_that_the_highest_number_heals,
                s3_floors_live_from_the_last_acceptance,
                s3_forgetting_removes_a_floor,
                s3_floors_are_bounded,
                s3_making_room_takes_no_other_floor,
                s3_floors_have_shares,
                s3_an_old_floor_is_not_told,
                s3_floors_of_known_peers_outlive_made_up_ones,
                s3_a_withdrawal_of_an_unknown_peer_displaces_nothing,
                s3_a_floor_from_outside_is_a_hint,
            }
            lifetimes {
                s4_what_ended_comes_back_within_its_age,
                s4_a_static_peer_in_contact_is_certified_all_year,
                s4_third_parties_keep_a_record_for_its_age,
                s4_the_later_end_counts,
                s4_ages_bound_what_is_offered,
                s4_ages_are_believed_where_one_owner_says_so,
                s4_a_refused_delivery_offers_its_end,
                s5_unsigned_addresses_keep_no_record_alive,
                s5_a_record_goes_with_its_last_address,
                s12_any_time_to_live_through_every_path,
                s12_a_time_to_live_is_cut_to_the_limit,
            }
            connections {
                s7_a_connection_holds_identify_and_dialed,
                s7_a_connection_holds_the_record_that_it_brought,
                s7_time_runs_from_the_disconnect,
                s7_a_connection_revives_nothing,
                s7_connected_is_a_state,
                s7_what_the_user_said_survives_a_disconnect,
                s7_everything_ends,
            }
            queries {
                s8_signed_records_keep_the_order,
                s8_routing_records_fall_back_to_addresses,
                s9_a_record_is_read_back_canonical,
                s9_one_dialect_alone_can_be_asked_for,
                s9_listing_holds_no_lock,
                s9_certified_is_of_the_current_record,
                s9_counts_are_right,
                g1_many_are_answered_one_by_one,
                s9_other_purposes_are_no_records,
            }
            clocks {
                s14_a_clock_that_goes_back_revives_nothing,
                s14_a_jump_ahead_ends_no_floor,
                s14_a_clock_that_was_ahead_measures_seconds_again,
                s14_time_is_what_the_caller_says,
                s15_the_same_calls_make_the_same_store,
            }
            signers {
                s16_identify_speaks_for_its_peer_alone,
                s16_identify_takes_back_nothing_of_others,
                s17_invalid_bytes_store_nothing,
                s17_another_key_signs_for_nobody,
                s17_a_bad_address_is_counted,
                s17_the_store_takes_certified_records_alone,
            }
            limits {
                s11_hearsay_pushes_out_nothing_better,
                s11_the_lowest_address_goes_first,
                s11_a_long_record_is_cut,
                s11_claims_are_bounded,
                s11_peers_are_bounded,
                s11_a_lower_class_pushes_out_no_higher_one,
                s11_records_and_bytes_are_bounded,
                s11_what_is_over_goes_first,
                s11_the_secret_chooses_the_victim,
                s11_evidence_is_bounded,
                s11_a_flood_pushes_out_no_peer_that_counts,
                s11_no_step_exceeds_the_bytes,
                s11_one_report_of_many_addresses_evicts_nobody,
            }
            shares {
                s11_a_network_has_a_share_of_peers,
                s11_a_kind_of_source_has_a_share,
                s11_an_exempt_kind_takes_no_share_of_the_others,
                s11_an_exempt_kind_fills_what_is_free,
                s11_a_network_has_a_share_of_bytes,
                s11_the_share_holds_after_a_change_of_state,
                s11_a_full_network_refuses_nobody_else,
            }
            evictions {
                s11_what_goes_inside_of_a_peer_is_counted,
                s4_who_was_evicted_comes_back,
                s4_what_was_removed_does_not_come_back_by_hearsay,
                s4_a_removed_address_stays_away,
                s1_what_would_be_over_at_once_is_refused,
            }
            joins {
                s11_a_join_without_room_changes_nothing,
                s11_a_join_of_many_addresses_evicts_nobody,
                s11_what_a_join_evicts_is_counted,
                s10_an_equivocation_that_is_joined_in_is_told,
                s11_the_longest_addresses_are_made_room_for,
                s11_nothing_goes_for_what_cannot_fit,
            }
            lasting {
                s3_a_floor_lasts_as_long_as_what_the_user_kept,
                s3_a_floor_outlasts_a_long_connection,
                s3_a_floor_lasts_as_long_as_a_victim_might_have,
                s3_many_withdrawals_of_an_unknown_peer_leave_the_lowest_floor,
                s4_what_the_user_keeps_is_told_as_old_as_it_is,
                s7_whichever_came_first_a_connection_holds_it,
            }
            numbers {
                g2_a_state_of_any_numbers_does_no_harm,
                s4_an_age_that_is_too_old_ends_nothing,
                s11_what_is_replaced_or_taken_back_gives_its_memory_back,
            }
            flood {
                s11_a_flood_from_one_network_keeps_to_its_share,
            }
            subscriptions {
                s10_a_snapshot_and_then_every_change,
                s10_what_changes_nothing_is_not_told,
                s10_an_equivocation_is_told,
                s10_two_streams_are_told_the_same,
                s10_subscriptions_are_bounded,
                s10_lost_events_are_told,
                s10_a_subscription_is_a_stream,
                s10_nothing_is_missed_in_between,
            }
            @end
        }
    };
    (@run $make:expr; @cases $($module:ident { $($case:ident,)* })* @end) => {
        $($($crate::peerstore::conformance::$module::$case($make);)*)*
    };
    (@test $make:expr; @cases $($module:ident { $($case:ident,)* })* @end) => {
        $($(
            #[test]
            fn $case() {
                $crate::peerstore::conformance::$module::$case(&$make);
            }
        )*)*
    };
    ($make:expr) => {
        $crate::peerstore_conformance!(@each test $make);
    };
}
