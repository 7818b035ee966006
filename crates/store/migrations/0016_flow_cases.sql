-- A case: the matter at the top of a family, so that figures count each place once a case.
alter table matter add column root {int};
update matter set root = id where parent is null;
update matter set root = (select p.root from matter p where p.id = matter.parent) where root is null;
update matter set root = (select p.root from matter p where p.id = matter.parent) where root is null;
update matter set root = (select p.root from matter p where p.id = matter.parent) where root is null;
update matter set root = (select p.root from matter p where p.id = matter.parent) where root is null;
update matter set root = id where root is null;
create index matter_root on matter (root);

-- Why a clock was started anew or ended before its time, in both languages (JSON text pair).
alter table clock add column reason text;

-- Every text a document had, from its draft on.
create table document_version (
    document {int} not null references document (id),
    version {int} not null,
    title_zh text not null,
    title_en text not null,
    html_zh text not null,
    html_en text not null,
    sha256 text not null,
    account {int},
    login text not null,
    note text,                          -- why it was changed
    at {int} not null,
    primary key (document, version)
);
insert into document_version (document, version, title_zh, title_en, html_zh, html_en, sha256, account, login, at)
select id, 1, title_zh, title_en, html_zh, html_en, sha256, submitter, '', created_at from document;
