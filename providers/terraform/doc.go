// Package terraform makes providers of Terraform ours: a program that speaks Terraform's plugin protocol, version 5 or 6,
// becomes an sdk.Provider.
//
// How a thing of such a type stands in our values:
//
//   - Its attributes and nested blocks are those of Terraform's schema, by their names; a block is a list, set, map or
//     object, as its nesting says.
//   - "provider" is the configuration of the provider, sensitive as a whole (see sdk.ProviderAttribute). One process is started for each configuration, and configured once;
//     it ends when nobody has called it for a minute.
//   - "provider-state" is all that Terraform keeps of a thing: its state as JSON with the version of its schema, what the
//     provider keeps for itself, and the configuration it was made from. It is sensitive as a whole, and what we tell the
//     provider of the past comes from there: so a later release of the provider can bring an older state up to date.
//   - "import-id" names a thing that is there already and is taken over instead of made.
//   - Write-only attributes are in our value, sensitive, so that a change is seen; the provider gets them in the
//     configuration alone.
//
// Data sources are types too, under "data_" and their name. One is read when it is made, and again when its arguments change.
//
// What a provider may do to us is bounded as for plugins of recipe (see providers/plugin/child). A call may take minutes,
// since the protocol has no sign of life.
package terraform
