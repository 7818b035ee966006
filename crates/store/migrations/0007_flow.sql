-- Procedures: matters, their history, tasks, clocks, forms, documents and links.

-- A procedure as it stood when a matter began under it, once for each hash.
create table procedure_version (
    hash text primary key,              -- SHA-256 of the definition's JSON
    procedure text not null,
    definition text not null,           -- JSON
    at {int} not null
);

create table matter (
    id {int} primary key,
    procedure text not null,
    hash text not null references procedure_version (hash),
    region text not null,
    agency text not null,
    subject text not null,              -- kind:id
    operator {int},
    parent {int} references matter (id),
    title_zh text not null,
    title_en text not null,
    state text not null,
    facts text not null,                -- JSON object
    classification {int} not null,
    idempotency text,                   -- key of the request that opened it
    opened_at {int} not null,
    closed_at {int},
    next_due {int} not null,            -- instant of its first running clock; 9223372036854775807 when none runs
    version {int} not null
);
create unique index matter_idempotency on matter (idempotency);
create index matter_due on matter (next_due, id) where closed_at is null;
create index matter_region on matter (region, next_due, id);
create index matter_subject on matter (subject);
create index matter_operator on matter (operator, id);
create index matter_parent on matter (parent);

-- Everything that happened to a matter, in order.
create table matter_step (
    id {int} primary key,
    matter {int} not null references matter (id),
    at {int} not null,
    kind text not null,                 -- open, transition, item, task, clock, document
    name text not null,                 -- transition, task kind, clock or document
    from_state text,
    to_state text,
    account {int},
    login text not null,
    form {int},                         -- form_entry
    target {int},                       -- the task item, clock or document concerned
    note text,                          -- reason as written
    journal {int} not null,
    version {int} not null              -- of the target, or of the matter, after the step
);
create index matter_step_matter on matter_step (matter, id);
create index matter_step_target on matter_step (target, id);

create table task (
    id {int} primary key,
    matter {int} not null references matter (id),
    kind text not null,
    region text not null,
    agency text not null,
    operator {int},
    classification {int} not null,
    title_zh text not null,
    title_en text not null,
    state text not null,                -- open, done, void
    assigned {int},
    due {int} not null,                 -- instant; 9223372036854775807 when no clock runs
    items_total {int} not null,
    items_done {int} not null,
    created_at {int} not null,
    done_at {int},
    version {int} not null
);
create index task_matter on task (matter, kind);
create index task_due on task (due, id) where state = 'open';
create index task_region on task (region, due, id) where state = 'open';
create index task_assigned on task (assigned, due, id);
create index task_operator on task (operator, due, id);

-- Quantities in whole millionths of the unit.
create table task_item (
    id {int} primary key,
    task {int} not null references task (id),
    matter {int} not null references matter (id),
    kind text not null,
    ord {int} not null,
    subject text not null,              -- place key
    site {int},
    label text not null,
    region text not null,
    expected {int},
    unit text not null,
    measured {int} not null,            -- 1: the form of the kind asks for quantities
    report {int},                       -- form_entry
    reported_by {int},
    reported_at {int},
    answer text,                        -- the outcome chosen in the report
    found {int},
    sealed {int},
    recovered {int},
    sold {int},
    destroyed {int},
    counts {int} not null,              -- 1: the latest report of quantities on this place in this matter
    version {int} not null
);
create unique index task_item_subject on task_item (task, subject);
create index task_item_matter on task_item (matter, subject);
create index task_item_region on task_item (region, id);

create table clock (
    id {int} primary key,
    matter {int} not null references matter (id),
    task {int} references task (id),
    rule text not null,
    started_at {int} not null,
    suspensions text not null,          -- JSON list
    extensions text not null,           -- JSON list
    met_at {int},
    void_at {int},
    due {int} not null,                 -- computed from the facts, kept for ordering
    due_date text,                      -- statutory date; null for clocks in hours
    provisional {int} not null,
    version {int} not null
);
create index clock_matter on clock (matter);
create index clock_task on clock (task);
create index clock_running on clock (due, id) where met_at is null and void_at is null;

create table form_entry (
    id {int} primary key,
    matter {int} not null references matter (id),
    form text not null,
    body text not null,                 -- JSON
    account {int},
    at {int} not null
);
create index form_entry_matter on form_entry (matter);

create table document (
    id {int} primary key,
    matter {int} not null references matter (id),
    name text not null,
    kind text not null,
    region text not null,
    agency text not null,
    operator {int},
    classification {int} not null,
    title_zh text not null,
    title_en text not null,
    html_zh text not null,
    html_en text not null,
    sha256 text not null,               -- of the published content, see the journal entry
    status text not null,               -- draft, published, withdrawn
    audience text not null,             -- public, party, internal
    submitter {int},
    published_by {int},
    published_at {int},
    withdrawn_at {int},
    journal {int},                      -- entry of the publication
    slug text not null,
    created_at {int} not null,
    version {int} not null
);
create unique index document_slug on document (slug);
create index document_matter on document (matter);
create index document_public on document (audience, status, published_at, id);

create table matter_link (
    matter {int} not null references matter (id),
    kind text not null,                 -- subject, child, product, lot, …
    target text not null,               -- kind:id
    label text not null,
    at {int} not null,
    primary key (matter, kind, target)
);
create index matter_link_target on matter_link (target);
