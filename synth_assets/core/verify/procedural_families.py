"""Which families of reasoning-gym may be verifiers: those that passed our gate.

`python -m benchmarks.verify_procedural` is the gate.
"""

GATED_VERSION = "0.1.25"
"""Of reasoning-gym; another version has not been through the gate."""

EXCLUDED = {
    "gsm_symbolic": "contaminated: 252 of 500 items share a digit-masked 13-gram with GSM8K's test",
    "arc_agi": "its items are tasks of the benchmark ARC-AGI, those of its evaluation among them",
    "composite": "a mixture of other families",
}
"""Families that are not asked, whatever their scorers do, and why."""

FAMILIES = frozenset(
    {
        "aiw",
        "arc_1d",
        "base_conversion",
        "basic_arithmetic",
        "bf",
        "binary_alternation",
        "caesar_cipher",
        "chain_sum",
        "circuit_logic",
        "color_cube_rotation",
        "count_bits",
        "count_primes",
        "course_schedule",
        "cryptarithm",
        "decimal_arithmetic",
        "decimal_chain_sum",
        "dice",
        "emoji_mystery",
        "family_relationships",
        "figlet_font",
        "futoshiki",
        "gcd",
        "group_anagrams",
        "largest_island",
        "lcm",
        "leg_counting",
        "letter_counting",
        "mahjong_puzzle",
        "manipulate_matrix",
        "maze",
        "mini_sudoku",
        "needle_haystack",
        "number_filtering",
        "number_format",
        "number_sequence",
        "palindrome_generation",
        "palindrome_partitioning",
        "path_star",
        "pool_matrix",
        "power_function",
        "products",
        "rearc",
        "rotate_matrix",
        "rotten_oranges",
        "self_reference",
        "sentence_reordering",
        "shortest_path",
        "simple_equations",
        "simple_geometry",
        "string_manipulation",
        "string_splitting",
        "string_synthesis",
        "sudoku",
        "syllogism",
        "tower_of_hanoi",
        "tsumego",
        "word_sequence_reversal",
        "zebra_puzzles",
    }
)
"""Those that passed."""
