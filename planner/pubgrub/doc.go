// Package pubgrub chooses versions of packages so that given rules hold, or proves that it cannot be done. It knows
// nothing of recipes: packages and versions are small numbers here.
//
// # The problem
//
// A package p has the versions 1 to n, the oldest first; 0 stands for "p is not there". What is known of p is a Set of
// such numbers, {0, 1, … n} to begin with. A Rule says what must not be true at once, as sets of a few packages:
//
//	version 3 of a needs b 2 or 4     not (a in {3} and b in {0, 1, 3})
//	there must be a, at least 2       not (a in {0, 1})
//
// A solution gives every package one number such that no rule is broken. Only packages that some rule demands are there.
//
// # The algorithm
//
// It is PubGrub (Natalie Weizenbaum, 2018), which is the conflict-driven search of SAT solvers for packages:
//
//  1. Propagate: when all sets of a rule but one are known to be true, the last one is not; what is known shrinks.
//  2. When all of them are true there is a conflict. The reasons for it are resolved, backwards, into one new rule that
//     holds of itself and says what the decisions so far have in common that cannot work. Everything is taken back to where this
//     rule first tells something new. If nothing is left in it, there is no solution, and its reasons are the proof.
//  3. Decide: take a demanded package and a version, preferably the newest; its rules are loaded now.
//
// Four things make it fast. Sets are one word each, or sorted boundaries in one arena. A rule waits in the lists of two of
// its packages only, which are not known to be true yet (the watched literals of Chaff). Packages that were part of many
// conflicts are decided first (as uv does it; the activity of SAT solvers). And hundreds of decisions are not taken back for
// what follows from an early one (chronological backtracking).
package pubgrub
