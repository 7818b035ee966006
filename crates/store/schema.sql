-- The full schema on SQLite, as all steps of `migrations/` give it. Written by
-- `UPDATE_SCHEMA=1 cargo nextest run -p store schema`; never edited by hand.

CREATE TABLE absence (
    id integer primary key,
    account integer not null,
    deputy integer not null,
    region text not null,
    valid_from text not null,
    valid_to text not null,
    reason text not null,
    ended_at integer,
    created_at integer not null
) strict;

CREATE INDEX absence_account on absence (account, valid_to);

CREATE INDEX absence_deputy on absence (deputy, valid_to);

CREATE TABLE account (
    id integer primary key,
    version integer not null,
    login text not null,
    region text not null,
    operator integer,
    name blob not null,
    phone blob,
    password text not null,
    must_change integer not null check (must_change in (0, 1)),
    status text not null check (status in ('active', 'suspended')),
    failures integer not null,
    locked_until integer,
    totp blob,
    totp_state text not null check (totp_state in ('off', 'pending', 'on')),
    totp_step integer not null,
    created_at integer not null
, failed_at integer) strict;

CREATE UNIQUE INDEX account_login on account (login);

CREATE INDEX account_operator on account (operator, id);

CREATE INDEX account_region on account (region, id);

CREATE TABLE account_grant (
    id integer primary key,
    account integer not null references account (id),
    role text not null check (role in ('officer', 'desk', 'leader', 'laboratory', 'firm', 'admin')),
    region text not null,
    agency text not null,
    ceiling integer not null check (ceiling between 0 and 2),
    valid_from text not null,
    valid_to text,
    created_at integer not null
, given_by integer, waits integer not null default 0, confirmed_by integer) strict;

CREATE INDEX account_grant_account on account_grant (account, id);

CREATE INDEX account_grant_waits on account_grant (account) where waits = 1;

CREATE TABLE accreditation (
  id integer primary key,
  laboratory integer not null,
  qualification text not null,
  certificate text not null,
  analyte text not null,
  method text not null,
  class text,
  valid_from text not null,
  valid_to text not null
) strict;

CREATE INDEX accreditation_by_laboratory on accreditation (laboratory, id);

CREATE TABLE agency (
    id integer primary key,
    version integer not null,
    region text not null,
    department text not null,
    name text not null,
    name_en text not null,
    status text not null check (status in ('active', 'closed')),
    predecessor integer,
    successor integer,
    created_at integer not null
) strict;

CREATE INDEX agency_region on agency (region, department);

CREATE TABLE api_token (
    id integer primary key,
    token blob not null,
    account integer not null references account (id),
    name text not null,
    created_at integer not null,
    expires_at integer,
    revoked_at integer
) strict;

CREATE INDEX api_token_account on api_token (account, id);

CREATE UNIQUE INDEX api_token_token on api_token (token);

CREATE TABLE attachment (
    sha256 text primary key,
    media_type text not null,
    size integer not null,
    at integer not null
) strict;

CREATE TABLE attempt (
    key text primary key,
    count integer not null,
    until integer not null
) strict;

CREATE INDEX attempt_until on attempt (until);

CREATE TABLE backfill (
  name text primary key,
  reached integer not null,
  until integer not null
) strict;

CREATE TABLE ban (
    id integer primary key,
    operator integer,
    number_key text,
    basis text not null,
    valid_from text not null,
    valid_to text,
    matter integer,
    region text not null,
    created_at integer not null
) strict;

CREATE INDEX ban_number on ban (number_key);

CREATE INDEX ban_operator on ban (operator, id);

CREATE TABLE bulletin (
  id integer primary key,
  version integer not null,
  slug text not null,
  region text not null,
  agency text not null,
  title text not null,
  title_en text not null,
  state text not null,
  drafted_by integer,
  drafted integer not null,
  published_by integer,
  published integer,
  rows text,
  sha256 text,
  journal integer,
  reason text
, withdrawn integer, withdrawn_by integer) strict;

CREATE INDEX bulletin_by_region on bulletin (region, id);

CREATE UNIQUE INDEX bulletin_by_slug on bulletin (slug);

CREATE TABLE bulletin_row (
  id integer primary key,
  bulletin integer not null references bulletin (id),
  sample integer not null,
  seq integer not null,
  qualified integer not null,
  region text not null,
  class text,
  words text not null,
  body text not null,
  state text not null,
  reason text,
  changed integer,
  replaced_by integer
) strict;

CREATE INDEX bulletin_row_by_bulletin on bulletin_row (bulletin, seq);

CREATE INDEX bulletin_row_by_region on bulletin_row (region, id);

CREATE INDEX bulletin_row_by_sample on bulletin_row (sample);

CREATE TABLE capture (
  id integer primary key,
  position integer,
  account integer,
  operator integer,
  region text not null,
  format text not null,
  bytes_hash text not null,
  events integer not null,
  stored integer not null,
  duplicates integer not null,
  events_root text,
  error_behaviour text not null,
  context text not null,
  state text not null,
  problems text not null,
  created integer not null,
  finished integer not null,
  journal integer
, part_of integer, document text, reached integer, judged integer) strict;

CREATE INDEX capture_by_account on capture (account, id);

CREATE INDEX capture_by_journal on capture (journal);

CREATE INDEX capture_by_operator on capture (operator, id);

CREATE INDEX capture_by_part on capture (part_of, id) where part_of is not null;

CREATE UNIQUE INDEX capture_by_position on capture (position);

CREATE INDEX capture_judged on capture (id) where judged is not null and finished = 0;

CREATE TABLE capture_position (
  id integer primary key check (id = 1),
  last integer not null
, verdicts integer not null default 0) strict;

CREATE TABLE case_set (
    id integer primary key,
    about text not null,
    lines blob not null,
    cases integer not null,
    zh text not null,
    en text not null,
    suspects text not null,
    truncated integer not null,
    position integer not null,
    saved_by text not null,
    saved_at integer not null
) strict;

CREATE INDEX case_set_about on case_set (about, id);

CREATE TABLE certificate (
  id integer primary key,
  number text not null,
  operator integer not null,
  issuer text not null,
  region text not null,
  place text not null,
  item text not null,
  product text not null,
  lot_no text,
  quantity text not null,
  unit text not null,
  origin text not null,
  issued text not null,
  basis text not null,
  reissued integer not null,
  state text not null,
  void_reason text,
  voided integer,
  capture integer not null references capture (id),
  created integer not null,
  journal integer not null
) strict;

CREATE INDEX certificate_by_item on certificate (item, id);

CREATE UNIQUE INDEX certificate_by_number on certificate (number);

CREATE INDEX certificate_by_operator on certificate (operator, id);

CREATE INDEX certificate_by_region on certificate (region, id);

CREATE TABLE certificate_source (
  certificate integer not null references certificate (id),
  n integer not null,
  number text not null,
  held integer,
  item text,
  quantity text,
  primary key (certificate, n)
) strict;

CREATE INDEX certificate_source_by_number on certificate_source (number);

CREATE TABLE clock (
    id integer primary key,
    matter integer not null references matter (id),
    task integer references task (id),
    rule text not null,
    started_at integer not null,
    suspensions text not null,
    extensions text not null,
    met_at integer,
    void_at integer,
    due integer not null,
    due_date text,
    provisional integer not null,
    version integer not null
, reason text, next_rung integer, last_day text) strict;

CREATE INDEX clock_matter on clock (matter);

CREATE INDEX clock_rung on clock (next_rung, id) where next_rung is not null;

CREATE INDEX clock_running on clock (due, id) where met_at is null and void_at is null;

CREATE INDEX clock_task on clock (task);

CREATE TABLE company_prefix (
  digits text primary key,
  length integer not null,
  source text not null,
  operator integer,
  at integer not null
) strict;

CREATE TABLE conclusion_service (
  nonconformity integer not null references nonconformity (id),
  party text not null,
  served_on text not null,
  recorded integer not null,
  primary key (nonconformity, party)
) strict;

CREATE TABLE connector (
  id integer primary key,
  version integer not null,
  name text not null,
  direction text not null,
  url text not null,
  query text not null,
  account integer not null,
  operator integer,
  region text not null,
  secret blob,
  state text not null,
  every integer not null,
  since integer not null,
  position integer not null,
  leaf integer not null,
  batch integer not null,
  failures integer not null,
  problem text,
  run_at integer not null,
  busy_until integer not null,
  holder text,
  last_ok integer,
  created integer not null
) strict;

CREATE UNIQUE INDEX connector_by_name on connector (name) where state <> 'removed';

CREATE INDEX connector_due on connector (run_at) where state = 'active';

CREATE TABLE connector_run (
  id integer primary key,
  connector integer not null references connector (id),
  started integer not null,
  finished integer not null,
  events integer not null,
  stored integer not null,
  duplicates integer not null,
  refused integer not null,
  problem text
) strict;

CREATE INDEX connector_run_by_connector on connector_run (connector, id);

CREATE TABLE contest (
  matter integer primary key,
  nonconformity integer not null references nonconformity (id),
  kind text not null,
  operator integer,
  filed integer not null,
  ended integer
) strict;

CREATE INDEX contest_by_nonconformity on contest (nonconformity);

CREATE TABLE credit_check (
    operator integer primary key references operator (id),
    day text not null
) strict;

CREATE TABLE credit_entry (
    id integer primary key,
    operator integer not null references operator (id),
    kind text not null,
    happened text not null,
    text text not null,
    until text,
    closed text,
    matter integer,
    region text not null,
    created_at integer not null
) strict;

CREATE UNIQUE INDEX credit_entry_once on credit_entry (matter, kind);

CREATE INDEX credit_entry_operator on credit_entry (operator, kind, happened);

CREATE TABLE custody (
  id integer primary key,
  sample integer not null references sample (id),
  kind text not null,
  party text not null,
  seal_no text,
  seal_ok integer,
  temperature text,
  checks text,
  note text,
  account integer,
  at integer not null
) strict;

CREATE INDEX custody_by_sample on custody (sample, id);

CREATE TABLE declared_standard (
  id integer primary key,
  version integer not null,
  operator integer not null,
  operator_name text not null,
  region text not null,
  number text not null,
  title text not null,
  effective text not null,
  state text not null,
  rows text not null,
  sha256 text,
  words text not null,
  created integer not null,
  created_by integer,
  published integer,
  withdrawn integer,
  reason text,
  journal integer
) strict;

CREATE INDEX declared_standard_by_number on declared_standard (number, state);

CREATE INDEX declared_standard_by_operator on declared_standard (operator, id);

CREATE INDEX declared_standard_by_state on declared_standard (state, id);

CREATE TABLE declared_verdict (
  id integer primary key,
  result integer not null references result (id),
  sample integer not null,
  standard integer not null references declared_standard (id),
  outcome text not null,
  body text not null,
  judged integer not null
) strict;

CREATE INDEX declared_verdict_by_sample on declared_verdict (sample, id);

CREATE TABLE diet_survey (
  id integer primary key,
  region text not null,
  title text not null,
  sha256 text not null,
  persons integer not null,
  days integer not null,
  eaten integer not null,
  people text not null,
  consumption text not null,
  uploaded_by integer,
  created integer not null
) strict;

CREATE INDEX diet_survey_by_region on diet_survey (region, id);

CREATE UNIQUE INDEX diet_survey_once on diet_survey (region, sha256);

CREATE TABLE document (
    id integer primary key,
    matter integer not null references matter (id),
    name text not null,
    kind text not null,
    region text not null,
    agency text not null,
    operator integer,
    classification integer not null,
    title_zh text not null,
    title_en text not null,
    html_zh text not null,
    html_en text not null,
    sha256 text not null,
    status text not null,
    audience text not null,
    submitter integer,
    published_by integer,
    published_at integer,
    withdrawn_at integer,
    journal integer,
    slug text not null,
    created_at integer not null,
    version integer not null
, public_until integer, number text, served_on text) strict;

CREATE UNIQUE INDEX document_by_number on document (number) where number is not null;

CREATE INDEX document_matter on document (matter);

CREATE INDEX document_public on document (audience, status, published_at, id);

CREATE UNIQUE INDEX document_slug on document (slug);

CREATE INDEX document_until on document (public_until, id) where public_until is not null and status = 'published';

CREATE TABLE document_version (
    document integer not null references document (id),
    version integer not null,
    title_zh text not null,
    title_en text not null,
    html_zh text not null,
    html_en text not null,
    sha256 text not null,
    account integer,
    login text not null,
    note text,
    at integer not null,
    primary key (document, version)
) strict;

CREATE TABLE ended_page (
  token text primary key,
  until integer not null
) strict;

CREATE TABLE event (
  id integer primary key,
  hash blob not null,
  declared text not null,
  event_id text,
  capture integer not null references capture (id),
  leaf integer not null,
  type text not null,
  action text,
  biz_step text,
  disposition text,
  event_time integer not null,
  tz text not null,
  record_time integer not null,
  read_point text,
  biz_location text,
  source text,
  destination text,
  document text,
  join_id text,
  operator integer,
  region text not null,
  body text not null,
  withdrawn integer not null,
  withdraws integer
, items text not null default '') strict;

CREATE INDEX event_by_capture on event (capture, leaf);

CREATE UNIQUE INDEX event_by_content on event (((event_time + 500) / 1000), hash, declared);

CREATE INDEX event_by_declaration on event (declared) where declared <> '';

CREATE UNIQUE INDEX event_by_event_id on event (event_id, declared) where event_id is not null;

CREATE INDEX event_by_operator on event (operator, event_time, id) where operator is not null;

CREATE INDEX event_by_operator_record on event (operator, record_time, id) where operator is not null;

CREATE INDEX event_by_record on event (record_time, id);

CREATE INDEX event_by_time on event (event_time, id);

CREATE TABLE event_claim (
  capture integer not null,
  event_id text not null,
  declared text not null,
  hash blob not null,
  pointer text not null,
  primary key (capture, event_id, declared)
) without rowid, strict;

CREATE TABLE "event_partner" (
  operator integer not null,
  event_time integer not null,
  event integer not null references event (id),
  record_time integer not null,
  primary key (operator, event_time, event)
) without rowid, strict;

CREATE INDEX event_partner_by_record on event_partner (operator, record_time, event);

CREATE TABLE event_word (
  kind text not null,
  word text not null,
  primary key (kind, word)
) strict;

CREATE TABLE exposure_run (
  id integer primary key,
  account integer not null,
  region text not null,
  question text not null,
  substance text not null,
  state text not null,
  attempt integer not null,
  created integer not null,
  seen integer not null,
  share integer not null,
  finished integer,
  recipe text not null,
  said_zh text not null,
  said_en text not null,
  told text,
  model text,
  survey text not null
) strict;

CREATE INDEX exposure_run_by_account on exposure_run (account, id);

CREATE TABLE field_batch (
  id integer primary key,
  device integer not null,
  at integer not null,
  entries integer not null,
  digest text not null,
  journal integer not null
) strict;

CREATE INDEX field_batch_by_device on field_batch (device, id);

CREATE TABLE field_device (
  id integer primary key,
  account integer not null,
  region text not null,
  agency text not null,
  name text not null,
  public_key blob not null,
  enrolled integer not null,
  revoked integer,
  revoked_by integer,
  reason text,
  head integer not null
) strict;

CREATE INDEX field_device_by_account on field_device (account);

CREATE INDEX field_device_by_region on field_device (region);

CREATE TABLE field_event (
  device integer not null,
  seq integer not null,
  matter integer not null,
  kind text not null,
  at integer not null,
  hash text not null,
  previous text not null,
  text text not null,
  signature blob not null,
  received integer not null,
  batch integer not null,
  primary key (device, seq)
) strict;

CREATE INDEX field_event_by_matter on field_event (matter, kind);

CREATE TABLE field_obstacle (
  matter integer primary key,
  at integer not null,
  reason_zh text not null,
  reason_en text not null
) strict;

CREATE TABLE field_photo (
  device integer not null,
  sha256 text not null,
  matter integer not null,
  account integer not null,
  size integer not null,
  done integer,
  primary key (device, sha256)
) strict;

CREATE INDEX field_photo_by_hash on field_photo (sha256);

CREATE TABLE field_piece (
  device integer not null,
  sha256 text not null,
  start integer not null,
  bytes blob not null,
  primary key (device, sha256, start)
) strict;

CREATE TABLE field_take (
  device integer not null,
  matter integer not null,
  account integer not null,
  at integer not null,
  until integer not null,
  returned integer,
  primary key (device, matter)
) strict;

CREATE INDEX field_take_by_matter on field_take (matter);

CREATE TABLE file_upload (
    sha256 text not null references attachment (sha256),
    account integer not null,
    at integer not null,
    primary key (sha256, account)
) strict;

CREATE TABLE flow_claim (
    what text not null,
    value text not null,
    matter integer not null references matter (id),
    primary key (what, value)
) strict;

CREATE TABLE flow_series (
    series text primary key,
    last integer not null
) strict;

CREATE TABLE form_entry (
    id integer primary key,
    matter integer not null references matter (id),
    form text not null,
    body text not null,
    account integer,
    at integer not null
) strict;

CREATE INDEX form_entry_matter on form_entry (matter);

CREATE TABLE form_file (
    sha256 text not null references attachment (sha256),
    entry integer not null references form_entry (id),
    matter integer not null references matter (id),
    task integer references task (id),
    primary key (sha256, entry)
) strict;

CREATE INDEX form_file_entry on form_file (entry);

CREATE TABLE form_number (
  prefix text primary key,
  last integer not null
) strict;

CREATE TABLE frozen_scope (
  id integer primary key,
  item text not null,
  place text,
  at integer not null,
  body text not null,
  hash text not null,
  journal integer not null
) strict;

CREATE INDEX frozen_scope_by_item on frozen_scope (item, id);

CREATE TABLE grade (
    id integer primary key,
    operator integer not null references operator (id),
    kind text not null,
    grade text not null,
    since text not null,
    matter integer,
    region text not null,
    created_at integer not null
) strict;

CREATE INDEX grade_operator on grade (operator, kind, id);

CREATE INDEX grade_region on grade (kind, grade, region);

CREATE TABLE idempotency (
  account integer not null,
  key text not null,
  request text not null,
  status integer not null,
  location text not null,
  body text not null,
  at integer not null,
  primary key (account, key)
) strict;

CREATE INDEX idempotency_by_time on idempotency (at);

CREATE TABLE inspection_draw (
  id integer primary key,
  version integer not null,
  plan integer not null,
  region text not null,
  agency text not null,
  state text not null,
  count integer not null,
  root text not null,
  record text not null,
  names text not null,
  secret blob,
  source text not null,
  source_due integer not null,
  frozen_by integer,
  frozen integer not null,
  drawn integer,
  open integer not null,
  reason text
) strict;

CREATE INDEX inspection_draw_by_plan on inspection_draw (plan, state);

CREATE INDEX inspection_draw_by_region on inspection_draw (region, id);

CREATE UNIQUE INDEX inspection_draw_waiting on inspection_draw (plan, region) where state = 'frozen';

CREATE TABLE inspection_officer (
  matter integer not null,
  account integer not null,
  operator integer,
  region text not null,
  agency text not null,
  draw integer,
  assigned_by integer,
  at integer not null,
  ended integer,
  primary key (matter, account)
) strict;

CREATE INDEX inspection_officer_by_account on inspection_officer (account, ended);

CREATE INDEX inspection_officer_by_draw on inspection_officer (draw);

CREATE INDEX inspection_officer_by_operator on inspection_officer (operator, at);

CREATE TABLE issued_paper (
  subject text not null,
  name text not null,
  language text not null,
  content text not null,
  sha256 text not null references attachment (sha256),
  at integer not null,
  journal integer not null,
  primary key (subject, name, language, content)
) strict;

CREATE TABLE job (
    id integer primary key,
    kind text not null,
    payload text not null,
    dedup text,
    state text not null check (state in ('waiting', 'running', 'done', 'dead', 'superseded')),
    run_at integer not null,
    created_at integer not null,
    attempts integer not null,
    max_attempts integer not null,
    holder text,
    lease_until integer,
    finished_at integer,
    error text
) strict;

CREATE UNIQUE INDEX job_dedup on job (dedup) where state = 'waiting';

CREATE INDEX job_due on job (run_at, id) where state in ('waiting', 'running');

CREATE INDEX job_state on job (state, id);

CREATE TABLE journal (
    id integer primary key,
    at integer not null,
    kind text not null,
    region text not null,
    subject text not null,
    actor text not null,
    canonical text not null,
    leaf blob not null,
    position integer
, agency text not null default '', classification integer not null default 1) strict;

CREATE UNIQUE INDEX journal_position on journal (position);

CREATE INDEX journal_subject on journal (subject, id);

CREATE INDEX journal_waiting on journal (id) where position is null;

CREATE TABLE journal_private (
    id integer primary key,
    salt blob,
    body text,
    erased_at integer
) strict;

CREATE TABLE key_check (
  name text primary key,
  print text not null,
  at integer not null
) strict;

CREATE TABLE laboratory_acceptance (
  id integer primary key,
  laboratory integer not null,
  accepted_by integer not null,
  accepted integer not null,
  reason text not null,
  ended integer
) strict;

CREATE INDEX laboratory_acceptance_by_laboratory on laboratory_acceptance (laboratory, id);

CREATE TABLE lease (
    name text primary key,
    holder text not null,
    until integer not null,
    fence integer not null
) strict;

CREATE TABLE licence (
    id integer primary key,
    version integer not null,
    operator integer not null references operator (id),
    site integer references site (id),
    number text not null,
    check_state text not null check (check_state in ('ok', 'failed', 'none')),
    class text not null,
    issued text,
    expires text,
    status text not null check (status in ('valid', 'suspended', 'revoked', 'cancelled')),
    created_at integer not null
) strict;

CREATE INDEX licence_expires on licence (expires);

CREATE INDEX licence_number on licence (number);

CREATE INDEX licence_operator on licence (operator, id);

CREATE TABLE licence_series (
    series text primary key,
    next integer not null
) strict;

CREATE TABLE log_checkpoint (
    size integer primary key,
    root blob not null,
    at integer not null,
    note text not null
) strict;

CREATE TABLE log_key (
    vkey text primary key,
    at integer not null
) strict;

CREATE TABLE log_tile (
    level integer not null,
    idx integer not null,
    hashes blob not null,
    primary key (level, idx)
) strict;

CREATE TABLE "lot" (
  item text primary key,
  class text,
  lot_no text,
  name text,
  spec text,
  produced text,
  expires text,
  first_event integer not null,
  region text not null
, stated_by integer, weight integer not null default 0) without rowid, strict;

CREATE INDEX lot_by_class on lot (class, item);

CREATE INDEX lot_by_name on lot (name, item);

CREATE TABLE master_data (
  id integer primary key,
  vocabulary text not null,
  element text not null,
  version integer not null,
  recorded integer not null,
  capture integer not null references capture (id),
  operator integer,
  region text not null,
  body text not null,
  latest integer not null
) strict;

CREATE UNIQUE INDEX master_data_by_version on master_data (vocabulary, element, version);

CREATE INDEX master_data_latest on master_data (vocabulary, element) where latest = 1;

CREATE TABLE matter (
    id integer primary key,
    procedure text not null,
    hash text not null references procedure_version (hash),
    region text not null,
    agency text not null,
    subject text not null,
    operator integer,
    parent integer references matter (id),
    title_zh text not null,
    title_en text not null,
    state text not null,
    facts text not null,
    classification integer not null,
    idempotency text,
    opened_at integer not null,
    closed_at integer,
    next_due integer not null,
    version integer not null
, root integer, assigned integer, drill integer not null default 0, party integer) strict;

CREATE INDEX matter_assigned on matter (assigned, next_due, id) where assigned is not null;

CREATE INDEX matter_due on matter (next_due, id) where closed_at is null;

CREATE UNIQUE INDEX matter_idempotency on matter (idempotency);

CREATE INDEX matter_operator on matter (operator, id);

CREATE INDEX matter_parent on matter (parent);

CREATE INDEX matter_party on matter (party, id);

CREATE INDEX matter_procedure_opened on matter (procedure, opened_at);

CREATE INDEX matter_region on matter (region, next_due, id);

CREATE INDEX matter_root on matter (root);

CREATE INDEX matter_subject on matter (subject);

CREATE INDEX matter_work on matter (region, next_due, id, agency, classification, assigned, operator) where closed_at is null;

CREATE TABLE matter_agency (
    matter integer not null references matter (id),
    agency text not null,
    primary key (matter, agency)
) strict;

CREATE INDEX matter_agency_agency on matter_agency (agency, matter);

CREATE TABLE matter_assessed (
    matter integer primary key references matter (id),
    procedure text not null,
    region text not null,
    agency text not null,
    outcome text,
    opened_at integer not null
) strict;

CREATE INDEX matter_assessed_by_region on matter_assessed (procedure, region, opened_at);

CREATE TABLE matter_link (
    matter integer not null references matter (id),
    kind text not null,
    target text not null,
    label text not null,
    at integer not null,
    primary key (matter, kind, target)
) strict;

CREATE INDEX matter_link_target on matter_link (target);

CREATE TABLE matter_merge_row (
    merge integer not null,
    of_table text not null,
    row integer not null,
    primary key (merge, of_table, row)
) strict;

CREATE TABLE matter_step (
    id integer primary key,
    matter integer not null references matter (id),
    at integer not null,
    kind text not null,
    name text not null,
    from_state text,
    to_state text,
    account integer,
    login text not null,
    form integer,
    target integer,
    note text,
    journal integer not null,
    version integer not null
, acting_for integer, matter_version integer) strict;

CREATE INDEX matter_step_matter on matter_step (matter, id);

CREATE INDEX matter_step_target on matter_step (target, id);

CREATE TABLE matter_term (
    term text not null,
    matter integer not null references matter (id),
    primary key (term, matter)
) strict;

CREATE TABLE named_query (
  id integer primary key,
  owner integer not null,
  name text not null,
  account integer not null,
  definition text not null,
  created integer not null
) strict;

CREATE UNIQUE INDEX named_query_by_name on named_query (owner, name);

CREATE TABLE nonconformity (
  id integer primary key,
  version integer not null,
  sample integer not null references sample (id),
  result integer not null,
  verdict integer not null,
  state text not null,
  item text,
  place text,
  operator integer,
  producer integer,
  region text not null,
  agency text not null,
  created integer not null,
  matter integer
) strict;

CREATE INDEX nonconformity_by_item on nonconformity (item);

CREATE INDEX nonconformity_by_region on nonconformity (region, id);

CREATE UNIQUE INDEX nonconformity_by_sample on nonconformity (sample);

CREATE TABLE operator (
    id integer primary key,
    version integer not null,
    code text not null,
    code_key text not null,
    person blob,
    name text not null,
    name_en text not null,
    kinds integer not null,
    region text not null,
    status text not null check (status in ('active', 'suspended', 'closed')),
    initials text not null,
    search text not null,
    created_at integer not null,
    updated_at integer not null
) strict;

CREATE UNIQUE INDEX operator_code_key on operator (code_key);

CREATE INDEX operator_initials on operator (initials, id, region, status, kinds);

CREATE INDEX operator_region on operator (region, status, id);

CREATE INDEX operator_search on operator (region, search, kinds, status, initials);

CREATE TABLE operator_merge (
    id integer primary key,
    kept integer not null references operator (id),
    dropped integer not null references operator (id),
    status text not null,
    reason text not null,
    merged_by integer,
    merged_at integer not null,
    undone_by integer,
    undone_at integer
) strict;

CREATE UNIQUE INDEX operator_merge_dropped on operator_merge (dropped) where undone_at is null;

CREATE INDEX operator_merge_kept on operator_merge (kept);

CREATE TABLE operator_merge_row (
    merge integer not null references operator_merge (id),
    of_table text not null,
    row integer not null,
    primary key (merge, of_table, row)
) strict;

CREATE TABLE organ_sign (
    region text not null,
    agency text not null,
    sign text not null,
    at integer not null,
    primary key (region, agency)
) strict;

CREATE UNIQUE INDEX organ_sign_by_sign on organ_sign (sign);

CREATE TABLE person (
    id integer primary key,
    version integer not null,
    operator integer not null references operator (id),
    role text not null,
    name blob not null,
    number blob,
    number_key text,
    phone blob,
    valid_from text not null,
    valid_to text,
    created_at integer not null
, name_key text) strict;

CREATE INDEX person_by_name_key on person (name_key);

CREATE INDEX person_number on person (number_key);

CREATE INDEX person_operator on person (operator, id);

CREATE TABLE place (
  key text primary key,
  name text,
  address text,
  updated integer not null
) strict;

CREATE TABLE procedure_version (
    hash text primary key,
    procedure text not null,
    definition text not null,
    at integer not null
) strict;

CREATE TABLE product (
    id integer primary key,
    version integer not null,
    operator integer not null references operator (id),
    gtin text,
    name text not null,
    category text not null,
    status text not null check (status in ('active', 'closed')),
    created_at integer not null
) strict;

CREATE UNIQUE INDEX product_gtin on product (gtin);

CREATE INDEX product_operator on product (operator, id);

CREATE TABLE proficiency (
  id integer primary key,
  laboratory integer not null,
  scheme text not null,
  round text not null,
  item text not null,
  z text,
  outcome text not null,
  held text not null
) strict;

CREATE UNIQUE INDEX proficiency_once on proficiency (laboratory, scheme, round, item);

CREATE TABLE projection (
    name text primary key,
    position integer not null,
    at integer not null
) strict;

CREATE TABLE record_event (
    event integer primary key,
    operator integer not null,
    region text not null,
    day text not null,
    certificate text,
    total integer not null,
    incomplete integer not null,
    misfit integer not null,
    no_name integer not null,
    no_spec integer not null,
    no_quantity integer not null,
    no_lot integer not null,
    no_shelf_life integer not null,
    no_partner integer not null,
    no_address integer not null,
    no_contact integer not null,
    no_licence integer not null,
    no_certificate integer not null,
    no_document integer not null
) strict;

CREATE INDEX record_event_certificate on record_event (certificate);

CREATE INDEX record_event_day on record_event (day, region);

CREATE INDEX record_event_operator on record_event (operator);

CREATE TABLE record_firm (
    operator integer primary key,
    name text not null
) strict;

CREATE TABLE record_link (
    place text not null,
    day text not null,
    operator integer not null,
    region text not null,
    received integer not null,
    shipped integer not null,
    other integer not null,
    primary key (place, day)
) strict;

CREATE INDEX record_link_day on record_link (day, region);

CREATE INDEX record_link_operator on record_link (operator);

CREATE TABLE recovery_code (
    account integer not null references account (id),
    code blob not null,
    primary key (account, code)
) strict;

CREATE TABLE reminder (
    id integer primary key,
    matter integer not null references matter (id),
    task integer references task (id),
    clock integer not null references clock (id),
    act text not null,
    region text not null,
    agency text not null,
    operator integer,
    assigned integer,
    classification integer not null,
    title_zh text not null,
    title_en text not null,
    due integer not null,
    at integer not null,
    settled_at integer,
    journal integer not null
) strict;

CREATE INDEX reminder_clock on reminder (clock);

CREATE INDEX reminder_matter on reminder (matter);

CREATE INDEX reminder_open on reminder (region, at, id) where settled_at is null;

CREATE TABLE report_correction (
  id integer primary key,
  version integer not null,
  sample integer not null references sample (id),
  seq integer not null,
  state text not null,
  reason text not null,
  changes text not null,
  report_no text,
  conclusion text,
  replaced text,
  proposed_by integer not null,
  proposed integer not null,
  decided_by integer,
  decided integer,
  note text
) strict;

CREATE UNIQUE INDEX report_correction_by_sample on report_correction (sample, seq);

CREATE TABLE reporter (
    id integer primary key,
    matter integer not null,
    region text not null,
    agency text not null,
    guarded integer not null,
    code_key text not null,
    name blob,
    phone blob,
    number blob,
    address blob,
    created_at integer not null
) strict;

CREATE UNIQUE INDEX reporter_matter on reporter (matter);

CREATE TABLE reporter_access (
    id integer primary key,
    reporter integer not null references reporter (id),
    asked_by integer not null,
    asked_at integer not null,
    reason text not null,
    granted_by integer,
    granted_at integer,
    read_at integer
) strict;

CREATE INDEX reporter_access_reporter on reporter_access (reporter, id);

CREATE TABLE resolver_link (
  id integer primary key,
  version integer not null,
  operator integer not null references operator (id),
  anchor text not null,
  link_type text not null,
  href text not null,
  title_zh text not null,
  title_en text not null,
  lang text not null,
  media text not null,
  status text not null,
  created_at integer not null,
  updated_at integer not null
, context text not null default '') strict;

CREATE INDEX resolver_link_by_anchor on resolver_link (anchor, status);

CREATE INDEX resolver_link_by_operator on resolver_link (operator, id);

CREATE TABLE result (
  id integer primary key,
  sample integer not null references sample (id),
  analyte text not null,
  reported text not null,
  unit text not null,
  lod text,
  loq text,
  method text not null,
  subsamples text not null,
  value real,
  entered_by integer,
  entered integer not null,
  withdrawn integer not null
) strict;

CREATE INDEX result_by_analyte on result (analyte, id);

CREATE INDEX result_by_sample on result (sample, id);

CREATE TABLE result_import (
  id integer primary key,
  account integer not null,
  laboratory integer,
  region text not null,
  file_name text not null,
  document text not null references attachment (sha256),
  state text not null,
  reached integer not null,
  stored integer not null,
  repeated integer not null,
  wrong integer not null,
  outcomes text not null,
  problem_zh text,
  problem_en text,
  created integer not null,
  finished integer
) strict;

CREATE INDEX result_import_by_account on result_import (account, id);

CREATE INDEX result_import_by_laboratory on result_import (laboratory, id);

CREATE TABLE result_import_error (
  import integer not null references result_import (id),
  line integer not null,
  n integer not null,
  field text not null,
  value text not null,
  zh text not null,
  en text not null,
  primary key (import, line, n)
) strict;

CREATE TABLE retest_draw (
  id integer primary key,
  matter integer not null,
  region text not null,
  record text not null,
  secret blob,
  entry integer not null,
  frozen integer not null,
  drawn integer
) strict;

CREATE INDEX retest_draw_by_matter on retest_draw (matter, id);

CREATE UNIQUE INDEX retest_draw_waiting on retest_draw (matter) where drawn is null;

CREATE TABLE sample (
  id integer primary key,
  version integer not null,
  form_no text not null,
  report_no text,
  kind text not null,
  state text not null,
  food text not null,
  product_name text not null,
  gtin text,
  lot_no text,
  item text,
  lot_unknown integer not null,
  place text,
  place_name text not null,
  site integer,
  operator integer,
  producer integer,
  producer_name text not null,
  produced text,
  sampled text not null,
  received text,
  governing_on text not null,
  governing_rule text not null,
  prepackaged integer not null,
  base_qty text,
  region text not null,
  agency text not null,
  laboratory integer,
  facts text not null,
  registered_by integer,
  approved_by integer,
  submitted_by integer,
  conclusion text,
  created integer not null,
  submitted_at integer
, task integer, class text, stage text, budget text, approved_at integer, form_tail text) strict;

CREATE UNIQUE INDEX sample_by_form_no on sample (form_no);

CREATE INDEX sample_by_form_tail on sample (form_tail, id);

CREATE INDEX sample_by_item on sample (item);

CREATE INDEX sample_by_laboratory on sample (laboratory, id);

CREATE INDEX sample_by_laboratory_sampled on sample (laboratory, sampled, id);

CREATE INDEX sample_by_operator on sample (operator, id);

CREATE INDEX sample_by_region on sample (region, id);

CREATE INDEX sample_by_sampled on sample (sampled, id);

CREATE INDEX sample_by_task on sample (task);

CREATE TABLE sample_form (
  sample integer primary key references sample (id),
  body text not null,
  private blob
, declared integer) strict;

CREATE TABLE sample_name (
    id integer primary key,
    name text not null
) strict;

CREATE UNIQUE INDEX sample_name_by_name on sample_name (name);

CREATE TABLE sample_name_term (
    term text not null,
    name integer not null references sample_name (id),
    primary key (term, name)
) strict;

CREATE TABLE sample_named (
    name integer not null references sample_name (id),
    sample integer not null references sample (id),
    primary key (name, sample)
) strict;

CREATE TABLE sampling_draw (
  id integer primary key,
  version integer not null,
  task integer not null references sampling_task (id),
  region text not null,
  agency text not null,
  state text not null,
  count integer not null,
  root text not null,
  record text not null,
  secret blob,
  source text not null,
  source_due integer not null,
  frozen_by integer,
  frozen integer not null,
  drawn integer,
  open integer not null,
  reason text
) strict;

CREATE INDEX sampling_draw_by_region on sampling_draw (region, id);

CREATE INDEX sampling_draw_by_task on sampling_draw (task);

CREATE UNIQUE INDEX sampling_draw_waiting on sampling_draw (task) where state = 'frozen';

CREATE TABLE sampling_namesake (
    sampler integer not null,
    person integer not null,
    cleared integer not null,
    cleared_by integer,
    primary key (sampler, person)
) strict;

CREATE TABLE sampling_plan (
  id integer primary key,
  version integer not null,
  year integer not null,
  title text not null,
  kind text not null,
  level text not null,
  region text not null,
  agency text not null,
  state text not null,
  drafted_by integer,
  submitted_by integer,
  issued_by integer,
  issued_at integer,
  created integer not null
) strict;

CREATE INDEX sampling_plan_by_year on sampling_plan (year, region);

CREATE TABLE sampling_recusal (
  id integer primary key,
  sampler integer not null,
  operator integer not null,
  region text not null,
  agency text not null,
  ground text not null,
  declared integer not null,
  declared_by integer,
  ended integer
) strict;

CREATE INDEX sampling_recusal_by_region on sampling_recusal (region, id);

CREATE INDEX sampling_recusal_by_sampler on sampling_recusal (sampler, operator);

CREATE TABLE sampling_target (
  id integer primary key,
  version integer not null,
  draw integer not null references sampling_draw (id),
  task integer not null,
  seq integer not null,
  operator integer not null,
  site integer,
  place text,
  label text not null,
  region text not null,
  agency text not null,
  sampler integer not null,
  partner integer not null,
  state text not null,
  products text,
  chosen integer,
  reason text,
  sample integer,
  done integer
) strict;

CREATE INDEX sampling_target_by_draw on sampling_target (draw, seq);

CREATE INDEX sampling_target_by_operator on sampling_target (operator);

CREATE INDEX sampling_target_by_partner on sampling_target (partner, state);

CREATE INDEX sampling_target_by_sampler on sampling_target (sampler, state);

CREATE INDEX sampling_target_by_task on sampling_target (task, state);

CREATE TABLE sampling_task (
  id integer primary key,
  plan integer not null references sampling_plan (id),
  region text not null,
  class text not null,
  stage text not null,
  budget text not null,
  analytes text not null,
  quota integer not null,
  laboratory integer,
  until text
, months text) strict;

CREATE INDEX sampling_task_by_region on sampling_task (region, plan);

CREATE UNIQUE INDEX sampling_task_once on sampling_task (plan, region, class, stage, budget);

CREATE TABLE schema_migration (
    number integer primary key, name text not null, sha256 text not null, at integer not null
) strict;

CREATE TABLE serious_finding (
  sample integer primary key references sample (id),
  result integer not null,
  region text not null,
  agency text not null,
  rule text not null,
  analyte text not null,
  found integer not null,
  matter integer,
  reported integer
) strict;

CREATE INDEX serious_finding_by_region on serious_finding (region, sample);

CREATE TABLE session (
    token blob primary key,
    id integer not null,
    account integer not null references account (id),
    created_at integer not null,
    seen_at integer not null,
    expires_at integer not null
) strict;

CREATE INDEX session_account on session (account, id);

CREATE INDEX session_expires on session (expires_at);

CREATE UNIQUE INDEX session_id on session (id);

CREATE TABLE site (
    id integer primary key,
    version integer not null,
    operator integer not null references operator (id),
    gln text,
    name text not null,
    address text not null,
    region text not null,
    lat real,
    lon real,
    form text not null,
    status text not null check (status in ('active', 'suspended', 'closed')),
    initials text not null,
    search text not null,
    created_at integer not null,
    updated_at integer not null
) strict;

CREATE UNIQUE INDEX site_gln on site (gln);

CREATE INDEX site_initials on site (initials, id, region, status, operator);

CREATE INDEX site_operator on site (operator, id);

CREATE INDEX site_search on site (region, search, status, operator, initials);

CREATE TABLE subscription (
  id integer primary key,
  query integer not null references named_query (id),
  account integer not null,
  dest text not null,
  secret blob,
  schedule text,
  report_if_empty integer not null,
  epc_format text not null,
  xml integer not null,
  created integer not null,
  initial integer not null,
  floor integer not null,
  position integer not null,
  leaf integer not null,
  last_notified integer,
  run_at integer not null,
  batch integer not null,
  failures integer not null,
  problem text,
  busy_until integer not null
) strict;

CREATE INDEX subscription_by_query on subscription (query, id);

CREATE INDEX subscription_due on subscription (run_at);

CREATE TABLE sweep_fault (
    what text not null,
    id integer not null,
    since integer not null,
    tried integer not null,
    tries integer not null,
    problem text not null,
    primary key (what, id)
) strict;

CREATE TABLE target_item (
    proposal integer not null references target_proposal (id),
    subject text not null,
    operator integer,
    name text not null,
    region text not null,
    kind text not null,
    stage text not null,
    chance real not null,
    why text not null,
    inclusion real not null,
    reasons text not null,
    accepted integer,
    primary key (proposal, subject)
) strict;

CREATE INDEX target_item_by_operator on target_item (operator);

CREATE TABLE target_model (
    id integer primary key,
    aim text not null,
    region text not null,
    made integer not null,
    from_day text not null,
    to_day text not null,
    visits integer not null,
    found integer not null,
    candidates integer not null,
    seed integer not null,
    recipe text not null,
    learnt text not null,
    body text not null,
    train text not null,
    score text not null
) strict;

CREATE INDEX target_model_by_aim on target_model (aim, id);

CREATE TABLE target_night (
    aim text primary key,
    day text not null,
    at integer not null,
    said_zh text not null,
    said_en text not null
) strict;

CREATE TABLE target_proposal (
    id integer primary key,
    version integer not null,
    aim text not null,
    model integer not null references target_model (id),
    region text not null,
    agency text not null,
    kind text not null,
    state text not null,
    take integer not null,
    audit integer not null,
    quota integer not null,
    record text not null,
    secret blob,
    source_due integer not null,
    expected real not null,
    by_chance real not null,
    proposed_by integer,
    proposed integer not null,
    decided_by integer,
    decided integer,
    reason text,
    into_plan integer,
    delivery integer
) strict;

CREATE INDEX target_proposal_by_region on target_proposal (region, id);

CREATE TABLE target_score (
    model integer not null references target_model (id),
    subject text not null,
    operator integer,
    name text not null,
    search text not null,
    region text not null,
    kind text not null,
    stage text not null,
    chance real not null,
    place integer not null,
    reasons text not null,
    primary key (model, subject)
) strict;

CREATE INDEX target_score_by_chance on target_score (model, place);

CREATE INDEX target_score_by_operator on target_score (operator);

CREATE TABLE target_visit (
    id integer primary key,
    operator integer not null,
    region text not null,
    on_day text not null,
    found integer not null,
    key_points integer,
    general_points integer,
    inspector text not null,
    batch integer not null
) strict;

CREATE INDEX target_visit_by_day on target_visit (on_day);

CREATE UNIQUE INDEX target_visit_once on target_visit (operator, on_day, inspector);

CREATE TABLE task (
    id integer primary key,
    matter integer not null references matter (id),
    kind text not null,
    region text not null,
    agency text not null,
    operator integer,
    classification integer not null,
    title_zh text not null,
    title_en text not null,
    state text not null,
    assigned integer,
    due integer not null,
    items_total integer not null,
    items_done integer not null,
    created_at integer not null,
    done_at integer,
    version integer not null
) strict;

CREATE INDEX task_assigned on task (assigned, due, id);

CREATE INDEX task_due on task (due, id) where state = 'open';

CREATE INDEX task_matter on task (matter, kind);

CREATE INDEX task_operator on task (operator, due, id);

CREATE INDEX task_region on task (region, due, id) where state = 'open';

CREATE TABLE task_item (
    id integer primary key,
    task integer not null references task (id),
    matter integer not null references matter (id),
    kind text not null,
    ord integer not null,
    subject text not null,
    site integer,
    label text not null,
    region text not null,
    expected integer,
    unit text not null,
    measured integer not null,
    report integer,
    reported_by integer,
    reported_at integer,
    answer text,
    found integer,
    sealed integer,
    recovered integer,
    sold integer,
    destroyed integer,
    counts integer not null,
    version integer not null
) strict;

CREATE INDEX task_item_matter on task_item (matter, subject);

CREATE INDEX task_item_region on task_item (region, id);

CREATE UNIQUE INDEX task_item_subject on task_item (task, subject);

CREATE TABLE task_term (
    term text not null,
    task integer not null references task (id),
    primary key (term, task)
) strict;

CREATE TABLE term_block (
  segment integer not null,
  first text not null,
  n integer not null,
  body blob not null,
  primary key (segment, first, n)
) strict;

CREATE TABLE term_segment (
  id integer primary key,
  events integer not null
) strict;

CREATE TABLE verdict (
  id integer primary key,
  result integer not null references result (id),
  sample integer not null,
  outcome text not null,
  standard text,
  edition text,
  clause text,
  rule text,
  limit_text text,
  near_limit integer not null,
  body text not null,
  engine text not null,
  judged integer not null,
  superseded_by integer,
  reason text not null
) strict;

CREATE INDEX verdict_by_outcome on verdict (outcome, id);

CREATE INDEX verdict_by_result on verdict (result, id);

CREATE INDEX verdict_by_sample on verdict (sample, id);

CREATE TABLE watch_count (
    hazard text not null,
    place text not null,
    day text not null,
    source text not null,
    recorded text not null,
    cases integer not null,
    primary key (hazard, place, day, source, recorded)
) without rowid, strict;

CREATE INDEX watch_count_day on watch_count (day, source);

CREATE TABLE watch_cover (
    source text not null,
    hazard text not null,
    region text not null,
    first_day text not null,
    last_day text not null,
    primary key (source, hazard, region)
) strict;

CREATE TABLE watch_night (
    day text primary key,
    at integer not null,
    series integer not null,
    verdicts integer not null,
    undecided integer not null,
    alarms integer not null,
    raised integer not null,
    grown integer not null
) strict;

CREATE TABLE watch_note (
    id integer primary key,
    signal integer not null references watch_signal (id),
    at integer not null,
    account integer,
    name text not null,
    status text not null,
    body text not null
) strict;

CREATE INDEX watch_note_signal on watch_note (signal, id);

CREATE TABLE watch_null (
    method text primary key,
    body text not null
) strict;

CREATE TABLE watch_report (
    id integer primary key,
    hazard text not null,
    place text not null,
    day text not null,
    cases integer not null,
    told text not null,
    heard text not null,
    entered_at integer not null,
    account integer not null,
    name text not null,
    withdrawn_at integer,
    withdrawn_why text not null
) strict;

CREATE INDEX watch_report_day on watch_report (day, id);

CREATE INDEX watch_report_place on watch_report (place, id);

CREATE TABLE watch_signal (
    id integer primary key,
    version integer not null,
    hazard text not null,
    region text not null,
    status text not null,
    from_day text not null,
    to_day text not null,
    observed real not null,
    expected real not null,
    q_value real not null,
    because_zh text not null,
    because_en text not null,
    alarms text not null,
    assigned integer,
    assigned_name text not null,
    created_at integer not null,
    changed_at integer not null,
    closed_at integer
) strict;

CREATE INDEX watch_signal_hazard on watch_signal (hazard, to_day);

CREATE INDEX watch_signal_status on watch_signal (status, id);

CREATE TABLE watch_signal_matter (
    signal integer not null references watch_signal (id),
    matter integer not null,
    primary key (signal, matter)
) strict;

CREATE TABLE watch_signal_method (
    signal integer not null references watch_signal (id),
    method text not null,
    primary key (signal, method)
) strict;

CREATE TABLE watch_signal_place (
    signal integer not null references watch_signal (id),
    place text not null,
    primary key (signal, place)
) strict;

CREATE INDEX watch_signal_place_place on watch_signal_place (place, signal);

CREATE TABLE watch_verdict (
    method text not null,
    hazard text not null,
    place text not null,
    from_day text not null,
    to_day text not null,
    observed real not null,
    expected real not null,
    statistic real not null,
    p_value real not null,
    primary key (method, hazard, place)
) strict;
