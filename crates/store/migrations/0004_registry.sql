-- The registry: agencies, operators, sites, persons, licences, products.

-- One department in one region.
create table agency (
    id {int} primary key,
    version {int} not null,
    region text not null,
    department text not null,
    name text not null,
    name_en text not null,
    status text not null check (status in ('active', 'closed')),
    predecessor {int},                  -- reorganisations
    successor {int},
    created_at {int} not null
);
create index agency_region on agency (region, department);

-- A legal or natural person in the food business.
create table operator (
    id {int} primary key,
    version {int} not null,
    code text not null,                 -- USCC, or the masked identity number of a natural person
    code_key text not null,             -- what makes it unique: the USCC, or a keyed fingerprint
    person {bytes},                     -- sealed identity number of a natural person
    name text not null,
    name_en text not null,
    kinds {int} not null,               -- bit set
    region text not null,
    status text not null check (status in ('active', 'suspended', 'closed')),
    initials text not null,             -- pinyin initials, for sorting
    search text not null,               -- lower case: names, pinyin initials, code
    created_at {int} not null,
    updated_at {int} not null
);
create unique index operator_code_key on operator (code_key);
create index operator_search on operator (region, search, kinds, status, initials);
create index operator_initials on operator (initials, id, region, status, kinds);
create index operator_region on operator (region, status, id);

-- A place of business.
create table site (
    id {int} primary key,
    version {int} not null,
    operator {int} not null references operator (id),
    gln text,                           -- 13 digits
    name text not null,
    address text not null,
    region text not null,
    lat {real},                         -- degrees, WGS 84
    lon {real},
    form text not null,                 -- business form
    status text not null check (status in ('active', 'suspended', 'closed')),
    initials text not null,
    search text not null,
    created_at {int} not null,
    updated_at {int} not null
);
create unique index site_gln on site (gln);
create index site_operator on site (operator, id);
create index site_search on site (region, search, status, operator, initials);
create index site_initials on site (initials, id, region, status, operator);

-- Somebody's part at an operator; personal data is sealed.
create table person (
    id {int} primary key,
    version {int} not null,
    operator {int} not null references operator (id),
    role text not null,
    name {bytes} not null,              -- sealed
    number {bytes},                     -- sealed identity number
    number_key text,                    -- keyed fingerprint of it
    phone {bytes},                      -- sealed
    valid_from text not null,
    valid_to text,
    created_at {int} not null
);
create index person_operator on person (operator, id);
create index person_number on person (number_key);

-- A licence or registration certificate.
create table licence (
    id {int} primary key,
    version {int} not null,
    operator {int} not null references operator (id),
    site {int} references site (id),
    number text not null,
    check_state text not null check (check_state in ('ok', 'failed', 'none')),
    class text not null,
    issued text,
    expires text,
    status text not null check (status in ('valid', 'suspended', 'revoked', 'cancelled')),
    created_at {int} not null
);
create index licence_number on licence (number);
create index licence_operator on licence (operator, id);
create index licence_expires on licence (expires);

-- What an operator makes or sells under a name.
create table product (
    id {int} primary key,
    version {int} not null,
    operator {int} not null references operator (id),
    gtin text,                          -- 14 digits
    name text not null,
    category text not null,             -- food category in words
    status text not null check (status in ('active', 'closed')),
    created_at {int} not null
);
create unique index product_gtin on product (gtin);
create index product_operator on product (operator, id);
