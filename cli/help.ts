// SPDX-License-Identifier: Apache-2.0
// What `--help` says below the options. docs/cli.md repeats it, and a test compares the two.

export const ALL = `
Exit codes: 0 yes, 1 a check failed, 2 the input is bad, 3 denied, 4 a store failed.
Colour only on a terminal; NO_COLOR and FORCE_COLOR are honoured. ELEVATION_DEBUG=1 shows where an error arose.`;

export const CHECK = `
Policy and directory are found below the nearest Pulumi.yaml at or above the working directory.

The journal says what was granted before:
  none given         requests are judged as if they were new; stderr says so
  ELEVATION_JOURNAL  it must be the one of ELEVATION_JOURNAL_ID, or every request is denied: journal-untrusted
  --journal          a copy to read; a relative path starts at the working directory. Where ELEVATION_JOURNAL_ID is
                     set, it must match too; where it isn't, the copy is believed

In a folder, symbolic links and suffixes in upper case are errors: what isn't read must not look like a withdrawn
request. Other files, and those that begin with a dot, are passed over. A folder without requests is no error, since all
may be withdrawn: nothing is judged, and stderr says so.

--json prints one decision for one request file, a list for several or for a folder; where documents are bad,
{ "problems": [{ file, line, column, path, message }] }. Other errors print nothing on stdout.

--record appends the decisions to the journal of ELEVATION_JOURNAL, all or none. It is refused with --at and --journal,
which are good only where nothing is changed.

Exit codes: 0 all are allowed, 2 a document, an argument or the environment is bad (all problems of all documents are
shown), 3 at least one is denied, 4 --record could not be written (the decisions are printed all the same).`;

export const EXPLAIN = `
What a request would get that is as good as can be: the requester proven, reason, ticket and approvals as the rule demands,
the longest that the rule gives then. It is decided as a request is; nothing is asked for and nothing changes.

With a journal, live grants, limits, cooldowns and unreviewed break-glass count; without one, stderr says that they
don't. The journal is read as it is now, whatever --at says. Where ELEVATION_JOURNAL_ID is set, it must match.

"takes" is what to bring besides the hours. "not now" is explained below the table, with the fix; "from" is when only the
time stands against it; "taken by" names rules before it that leave it no request, since the first rule that allows decides
and they demand nothing more. Nothing is offered whose approvals nobody in the directory but the person could ever give.
Policies that demand what this version does not verify are explained all the same.

--json prints, for a person, { person, name, at, journal, jobFunctions, onCall: [{ schedule, until }], access: [{ role,
environment, possible, offers, notFor?, nearest? }] }, for a role { role, at, journal, environments: [{ environment,
groups: [{ people, isEveryone, jobFunctions, others, possible, offers }], without }] }; offers are [{ rule, possible,
longest, expiresAt, possibleFrom, demands, obstacles, takenBy }], obstacles being violations as in a decision (in a
group, those of its first person), takenBy ids of rules.

Exit codes: 0 told, also where nothing can be had, 2 a document, a name, an argument or the environment is bad, 4 the journal
is not there, cannot be read or does not verify.`;

export const DIFF = `
A folder has elevation.yaml and directory.yaml. Beside a policy alone stands the directory of the project, beside a
directory its policy. main..HEAD compares two commits, main...HEAD what changed since they parted; "main HEAD" is
main..HEAD where neither is a file. Policies that demand what this version does not verify are compared all the same.

Everybody, every role, every environment and all instants from --at on are compared: opening hours window by window for
400 days and around whatever else begins or ends, and of all that is farther off a week of each sort, as clocks and
weekdays fall in 28 years. Wider is whatever lets somebody have what they couldn't: a role, a longer time, other hours,
fewer or other approvals, another who may approve, other reviewers, a ticket less, a limit more, and another login or seal
under which access opens. It is never overlooked; of two demands that can't be compared (two patterns, two groups of
approvers or of reviewers) each is more than the other. Earlier grants and verdicts are the same on both sides: that a
shorter grant fits under a limit on time held where a longer one didn't is no widening, nor that an approval agrees to it,
nor that somebody may reject no more.

With a journal, live grants that would be denied today are told, and which of them end at once: each is judged as if it
were asked for at that instant, beside the other live ones, with the approvals that the recorded decision names; what both
sides have against it is not told. --replay judges each
decided and activating event again, at its instant, by what was live and had ended then; approvals are those that the
recorded decision names.

--json prints { old, new, at, widened, narrowed, settings: [{ setting, from, to, widened, narrowed, roles }], identities:
[{ person, kind, from, to, widened, narrowed }], approvers: [{ who, may, rules, joined, left, widened, narrowed }],
access: [{ effect, widened, narrowed, people: { people, isEveryone, jobFunctions, others }, places: [{ role, environment
}], longest: { from, to }, changes: [{ rule, effect, field, from, to }], gained, lost }], people: { joined, left }, live,
replay }; kind is a kind of target, or seal; effect is gain, loss, wider, narrower, both or same; gained and lost are null
or { always, from, to, stretches }; live is null without a journal, or [{ request, name, requester, role, environment,
expiresAt, ends, violations }]; replay is null without --replay, or { judged, changes: [{ seq, type, at, request, name,
requester, role, environment, from, to }] }, from and to being { outcome, rule, expiresAt, violations }.

Exit codes: 0 nothing is wider, 1 something is, 2 a document, a revision or an argument is bad, 4 the journal is not there,
cannot be read or does not verify.`;

export const TEST = `
A policy test is a file of kind PolicyTest, YAML or JSON; it names its policy and directory by their paths from its own
folder. In a folder, files of another kind and whatever begins with a dot are passed over, and so is node_modules. No
signature, journal or engine is needed: requests count as proven, approvals as verified.

Of each rule the cases should see that it allows and each violation that its fields can bring about, of a deny rule that
it denies, and the same of breakGlass. What they didn't see is shown below the result.

--json prints { passed, failed, cases: [{ file, name, passed, expected, actual }] }, actual being the decision; with
--coverage also coverage: [{ policy, rules: [{ rule, effect, seen, unseen }] }]. Where documents are bad, it prints
{ "problems": [{ file, line, column, path, message }] }.

Exit codes: 0 all cases passed, 1 at least one failed, 2 a document or an argument is bad (all problems of all documents
are shown), or there is no policy test.`;

export const LINT = `
Nothing is granted by it, so that a policy may demand what this version can't verify yet. docs/lint.md says what each check
finds, why, and when that is an error, a warning or a note. A finding can't be switched off: each says how to mend it.

--json prints { at, counts: { error, warning, note }, findings: [{ check, severity, file, line, column, path, message }] },
those of the policy first, each document's in order of place; where documents are bad,
{ "problems": [{ file, line, column, path, message }] }.

--sarif writes SARIF 2.1.0 beside what is printed; to - it is printed alone, and then not together with --json. Paths in
it begin at the folder of Pulumi.yaml, where there is one; bad documents are told as errors of the rule "document".

Exit codes: 0 nothing is found but notes, 1 at least one error or warning, 2 a document or an argument is bad (all problems
of both documents are shown), 4 the SARIF file can't be written.`;

export const SCHEMA = `
Exit codes: 0 printed, 2 there is no such kind.`;

export const STATUS = `
The journal is read as it is now, whatever --at says.

--json prints { journal, id, head: { seq, hash }, at, live, scheduled, stuck, residue, orphans, watch, locks }; with --stuck,
without the other lists and watch:
  live      [{ request, name, requester, role, environment, stack, rule, status, activated, activatedAt, expiresAt,
             remainingSeconds, overdue, marks, reason, alreadyHeld, target: { kind, connection, role, identity, object }
             }], the first to end first; status is active or stuck; activated is false until the access was observed;
             alreadyHeld are sentences that say by what other means the person had it when the grant was made
  scheduled [{ request, name, requester, role, environment, stack, startAt, startsInSeconds, reason }]: what waits for its
             start, the first first; startsInSeconds is negative where it should have started; reason: why the latest try
             to activate it failed, or null
  stuck     [{ request, name, requester, role, environment, stack, cause, expiresAt, since, triedAt, tries, reason,
             nextTryBy, access, target }], the longest stuck first; tries as far as the journal could be told
  residue   [{ request, name, requester, role, environment, stack, grant, residue }], grant being live, ended or failed
  orphans   [{ at, request, kind, connection, server, object, differences }]
  watch     { watchers: [{ by, environments, at, everySeconds, silent, stopped }], silent: [{ environment, live, since }],
             problem }: who ends grants (by: reaper or schedule) and was heard when, and where grants are live and nobody
             was heard of for two intervals before --at
  locks     [{ lock, until, reason, by }], of those that hold at that instant; lock has a person, a role, a target, or
             "*": true

--standing is for a job that holds connections: before the first grant of a role, and from time to time. Whoever has a role
already is neither given it nor loses it by a grant. How: INHERIT in every session, SET after SET ROLE, ADMIN can give it to
itself and others, SUPERUSER. It adds standing: [{ role, environment, target: { kind, connection, role }, holders: [{ member,
isLogin, how, through }], reason }], reason being null, or why the target could not be asked.

Exit codes: 0 told, also where grants are stuck or overdue, 2 no journal is given or its address is none, the policy is bad,
4 there is no journal at the address, or it cannot be read or does not verify, a target can't be asked, or with --stuck a
grant is stuck. Where ELEVATION_JOURNAL_ID is set, it must match.`;

export const STACKS = `
It takes an engine from PATH or kept from an earlier time, and what Pulumi needs (PULUMI_BACKEND_URL, a passphrase or a
token). Stacks are those that have a file stacks/Pulumi.<stack>.yaml, those that the backend knows, and those that the
journal has live grants of. Nothing of a state is run, and no lock is taken.

--json prints { journal, project, at, problem, stacks: [{ project, stack, file, environments, live, overdue, nextEnd, held,
ended, missing, updatedAt, refreshedAt, locks, problems }] }, by project and stack:
  file      whether it has one; null: another project's, of which only the journal tells
  held      how many Grants its state holds, null where that can't be known
  ended     [{ request, name, urn }], in the state though they have ended: a refresh drops them
  missing   [{ request, name, requester, expiresAt }], live and in no state: from a run that was killed, or a lost state
  updatedAt, refreshedAt  when the last of its last 20 runs that was an up, or a refresh, ended well
  locks     [{ by, since }]; null: the backend doesn't tell. A file backend does; Pulumi Cloud tells of a run at work
  problems  why no engine may or can be run on it

Exit codes: 0 told, 2 no journal is given, or the folder is of no project with stacks, 4 a stack is broken, or backend or
journal can't be read; what is known is told all the same, unless it is the journal.`;

export const REAP = `
Journal and connections come from the environment: ELEVATION_JOURNAL, ELEVATION_JOURNAL_ID, ELEVATION_CONNECTION_<NAME>.
Policy, directory and the engine are not needed. Each grant is ended by itself, several at once, and one that can't be
ended holds up no other: it is stuck, alarmed, and tried again by the next pass. Without --once it reads the journal every
second, tries again what is stuck after a pause that grows to a minute, without end, and alarms from the third failure on.
While the journal can't be read, what is known goes on to be ended, and is recorded later.

With --policy and --directory live grants are judged again: whose person is in the directory no more, or whom a deny rule
matches now (a break-glass grant: one that break-glass doesn't pass), is ended. Nothing else of a policy ends a live grant.
A reaper that keeps running reads them again when they change; while they can't be read, it goes by what they said last.

With --activate, which needs both, a grant that an "up" left scheduled is activated at its start by what they say then: it is
decided again, and a denied one is told of once and tried again until its activateBy. While they or the journal can't be
read, nothing is activated.

With --drill, which needs both as well, the fire drills of that file (elevate schema FireDrills) are done beside all else: a
canary, who is a person of the directory as any other, logs in and must be refused, is granted a role as anybody is, must have
it, and from its expiry on must have lost it, in the open session and by a new login. Her grant ends as any other. Her login
is in the variable ELEVATION_CANARY_<NAME> that the drill names. One that fails is alarmed, and done again within five minutes.

With --stacks the stacks of that project forget what has ended, two at a time, beside the ends and never before them: an
engine refreshes the resources of ended grants alone, after a look at each state's code. It takes an engine from PATH or
kept from an earlier time, and what Pulumi needs (PULUMI_BACKEND_URL, a passphrase or a token). A stack that is locked or
broken is told, and tried again after pauses that grow to a minute. At a stop, a refresh that runs is waited for.

With --orders, signed orders are taken from a folder (a file each, moved there whole; then moved to done/ or refused/ in it,
beside why) or from the table that "elevate orders sql" makes, within a second: revoke (by the requester or an
administrator), lock and abandon (by an administrator). What breaks the journal keeps no order to revoke or lock from being
obeyed; it stays in the inbox until it is recorded. Administrators are known by ELEVATION_ADMINS, as in "2 SHA256:… SHA256:…
SHA256:…": how many must sign what one alone may not, and the fingerprints of their keys. docs/operations.md shows how to
sign an order.

At last (without --once: every two minutes) what stands at every connection of the environment is compared with the journal.
Of what we made (by its maker and its note) ends what the journal knows to have ended, and what it has never known and is
past its own end; the rest is an orphan: journaled and alarmed once, in elevate status until it is gone. What others made is
only reported. A live grant that is wider than it was made is cut back; one that was changed otherwise has drifted, and
ends. Without a journal that can be trusted only what is past its own end is ended.

  --declared   what waits for its start is withdrawn, too. A folder that is missing or holds a file that can't be read
               withdraws nothing: what is past its end is ended all the same, and the exit code is 2. Grants of other
               projects, and those written in a program, are never withdrawn by it
  --state      what "pulumi stack export" writes. Without a journal that can be trusted, what is past its end in these
               is ended all the same, and the exit code is 4, because it can't be recorded
  --environment  for a job that holds the connections of some environments only; without it, a grant that is due and
               whose connection the job lacks is stuck
  --unwanted   an orphan that we made, by its object's name; refused where the journal can't be trusted

It says beside the journal that it lives: every half minute while it can read a journal that it trusts, and with --once after
the pass where --every tells when the next one is. Where grants are live and nobody was heard of for two intervals, status,
the policy pack and previews say SILENT. Nothing else depends on it. --heartbeat (or ELEVATION_HEARTBEAT, since such URLs are
secrets) is for a monitor that alarms when calls stay away: https:, or http: on this machine.

--notify (or ELEVATION_NOTIFY, several with blanks between them) tells of alarms from the third failure in a row on and of
their end, of an untrusted journal, residue, orphans, failed fire drills, and others who end grants and are silent: log is a
JSON line on stderr; a webhook gets a POST, signed with ELEVATION_NOTIFY_SECRET: Elevation-Signature: sha256=<HMAC-SHA256 of
the body in hex>. No end waits for it. A pass tells of a grant where the journal has three failures, and each sixtieth; of
others' silence where --every is given.

--json prints { journal, grants: [{ request, name, requester, environment, target: { kind, connection, role, server,
identity, object }, expiresAt, cause, outcome, reason, residue }] }; cause is expiry, withdrawn, drift, incomplete,
chain, left, denied, ordered or locked, outcome expired, revoked, stuck, abandoned (as an administrator ordered, while it was
tried once more), or unrecorded (ended, but the journal could not be told); and scheduled: [{ request, name, requester, role, environment, startAt, outcome, expiresAt, reason }], outcome being
activated, denied, failed, lapsed or withdrawn; and sweep: { orphans: [{ request, target, expiresAt, ours, differences,
alarm }], swept: [{ request, target, expiresAt, cause, outcome, reason, residue, alarm }], cutBack: [{ request, name,
requester, environment, target, expiresAt, differences, outcome, reason, alarm }], unreached: [{ connection, reason }] }; of
orphans alarm says which are news. Without --once it prints a line an event: { at, journal, event }, event being watching
(open, scheduled, next), ended (the grant's fields, lateMs), failed (the grant's fields, failures, alarm, again), activated
(the scheduled one's fields, lateMs), not-activated (its fields, again), orphan, swept, cut-back and unreached (their
fields), journal-untrusted or journal-trusted (reason), stack-caught-up (stack, forgotten), stack-behind (stack, failures,
again, reason) or stack-unmade (stack; told once), drill-passed (drill, requester, role, environment, request, expiresAt,
lateMs), drill-failed (drill to expiresAt, failure, reason, failures, alarm, again) or drill-stopped (drill to expiresAt),
order (letter, order, id, by, outcome, reason; outcome being done, refused, or waits, which is told once), inbox-unreadable
or inbox-readable (reason). With --once and --orders the latter three stand in orders.

--dry-run reads the journal, asks the targets for their clocks and says what the pass, or the first look of a reaper that
keeps running, would end, withdraw and activate: { journal, dryRun, at, grants: [{ …, cause, overdueMs, stuck }], scheduled }
with --json, overdueMs being null where something else than its time ends a grant, stuck why the last try failed, or null. It
exits then: 0 nothing is due, or it is denied, 1 something is, 2 and 4 as below. What has ended, and would be looked at again, is not told, nor is what stands without a grant.

Exit codes: 0 all that was due has ended, and started unless it is denied, 2 the folder, a state, a document, an argument or
the environment is bad, 4 something is stuck, unrecorded, still wider or could not be activated, an order waits, a connection
can't be reached, or the journal or the inbox can't be read or trusted. A refused order is no failure, an orphan changes none.`;

export const DRILL = `
Journal, connections and the canaries' logins come from the environment: ELEVATION_JOURNAL, ELEVATION_JOURNAL_ID,
ELEVATION_CONNECTION_<NAME> and the ELEVATION_CANARY_<NAME> that the file names. A canary is a person of the directory as any
other, and decided on as any other. Whoever ends grants is to end hers: a reaper that keeps running, elsewhere. What a failed
drill leaves open is ended at once. "elevate reap --drill" does the same on a schedule; docs/operations.md shows how to
set it up, and what each failure means.

--json prints { journal, drills: [{ drill, requester, role, environment, outcome, request, expiresAt, lateMs, failure, reason,
unended }] }; outcome is passed or failed, lateMs from the expiry until neither the open session nor a new login had the access,
unended why what was still open could not be ended.

Exit codes: 0 all passed, 1 one failed, 2 a document, an argument or the environment is bad, 4 one is still open.`;

export const ORDERS_SQL = `
Roles must be there already. A sender can't even read what it sent, and proves nothing by sending: orders are signed.

Exit codes: 0 printed, 2 a name is no role's.`;

export const JOURNAL_INIT = `
Only ELEVATION_JOURNAL says where, as in file:/var/lib/elevation/journal.jsonl or postgres://admin@db.example/journal.
At a PostgreSQL server, run it as the administrator who shall own the journal; jobs get logins of their own, as --writer
and --reader. Where the SQL was run by hand, it appends the first event.

Exit codes: 0 opened, 2 there is something already (nothing is changed) or the environment is bad, 4 it cannot be
written.`;

export const AUDIT_VERIFY = `
An export is the same file without data and salt: its chain is verified, but there is no data to verify. Lines stand as
they are written, so that all readers see the same: one with a field twice, or in another form, does not verify. A last line
that its writer did not finish is reported and is no failure. Where ELEVATION_JOURNAL_ID is set, it must match. That
a journal was cut at its end can only be seen by comparing its head with one seen before.

--json prints { verified, journal, events, withoutData, unfinishedBytes, head: { seq, hash }, id, openedAt, problem? };
problem is { seq, message }, and events, head, id are then of the part before it.

Exit codes: 0 verified, 1 it does not verify or is another journal, 2 no journal is given or its address is none, 4 there
is none at the address, or it cannot be read.`;
