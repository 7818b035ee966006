// Step 1: a firm and its software report what was bought, made and sold; the firm sees its lots.

import assert from "node:assert/strict";
import { Clerk, PASSWORD, csv } from "../clerk.mjs";
import { PHONE, faults, shot, sound } from "../browser.mjs";

const day = (back) => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);

// A document as a firm's software sends it: flour received from a mill, as the standard writes it.
function received(place, lot) {
  return {
    "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
    type: "EPCISDocument",
    schemaVersion: "2.0",
    creationDate: new Date().toISOString(),
    epcisBody: {
      eventList: [
        {
          type: "ObjectEvent",
          eventTime: `${day(3)}T10:00:00.000+08:00`,
          eventTimeZoneOffset: "+08:00",
          action: "OBSERVE",
          bizStep: "receiving",
          disposition: "in_progress",
          readPoint: { id: place },
          bizLocation: { id: place },
          quantityList: [{ epcClass: `https://id.gs1.org/01/09506000134352/10/${lot}`, quantity: 120.5, uom: "KGM" }],
          sourceList: [{ type: "location", source: "https://id.gs1.org/414/9506000111117" }],
          destinationList: [{ type: "location", destination: place }],
        },
      ],
    },
  };
}

const LEDGER = "食品名称,规格,数量,单位,生产日期,批号,保质期,进货日期,供货者名称,联系方式\n";
const ledger = (name, rows) => ({ name, mimeType: "text/csv", buffer: Buffer.from(LEDGER + rows.join("\n") + "\n") });

export async function firm({ tally, url, browser, facts }) {
  const page = await tally.check("a firm signs in and sees its own page", async () => {
    const seat = await browser.as("firm");
    assert.equal(new URL(seat.url()).pathname, "/firm");
    await sound(seat, "zh");
    await shot(seat, "firm-home");
    return seat;
  });
  if (!page) return;

  facts.tokensPage = "/firm/tokens";
  const token = await tally.check("it makes an access token for its software, shown once", async () => {
    await page.goto(`${url}/firm/upload`);
    await page.click('main a[href="/firm/tokens"]');
    await sound(page, "zh");
    await page.fill("#name", "进销存系统");
    await page.fill("#old", PASSWORD);
    await page.click("main form.card button");
    await sound(page, "zh");
    const secret = (await page.innerText("pre")).trim();
    assert.ok(secret.length >= 20);
    await page.goto(`${url}/firm/tokens`);
    assert.ok(!(await page.content()).includes(secret), "not shown again");
    return secret;
  });

  const clerk = await Clerk.signIn(url, "firm");
  const own = await tally.check("its lots list exports with the keys of its places", async () => {
    const rows = csv(await clerk.page("/firm/lots?format=csv"));
    assert.ok(rows.length > 0);
    return rows;
  });
  const place = own?.find((r) => /\/414\/\d{13}/.test(r.place))?.place;
  const send = (path, body, headers = {}) =>
    fetch(url + path, { method: "POST", body, headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "gs1-epcis-version": "2.0.0", "gs1-cbv-version": "2.0.0", ...headers } });

  if (token && place) {
    const lot = `E2E${Date.now()}`;
    await tally.check("its software captures an EPCIS document: 202, then a finished job", async () => {
      const reply = await send("/epcis/capture", JSON.stringify(received(place, lot)));
      assert.equal(reply.status, 202, await reply.text());
      const where = reply.headers.get("location");
      assert.match(where, /\/epcis\/capture\/.+/);
      const job = await (await fetch(new URL(where, url), { headers: { authorization: `Bearer ${token}` } })).json();
      assert.equal(job.success, true, JSON.stringify(job));
      assert.equal(job.running, false, JSON.stringify(job));
    });
    await tally.check("one event by itself is created: 201", async () => {
      const doc = received(place, `${lot}B`);
      const reply = await send("/epcis/events", JSON.stringify({ "@context": doc["@context"], ...doc.epcisBody.eventList[0] }));
      assert.equal(reply.status, 201, await reply.text());
    });
    await tally.check("the lot stands in the firm's list with where it came from", async () => {
      const row = csv(await clerk.page("/firm/lots?format=csv")).find((r) => r.lot === lot);
      assert.ok(row, "the captured lot is listed");
      assert.match(row.on_hand, /120\.5/);
      await page.goto(`${url}/firm/lots/view?item=${encodeURIComponent(row.item)}`);
      await sound(page, "zh");
      assert.match(await page.innerText("main"), /9506000111117/);
    });
    await tally.check("a document with a wrong event is refused with a problem document naming the place", async () => {
      const doc = received(place, `${lot}C`);
      doc.epcisBody.eventList[0].action = "PERHAPS";
      const reply = await send("/epcis/capture", JSON.stringify(doc));
      // taken as a job, whose report names the fault; or refused at once
      let problem;
      if (reply.status === 202) {
        const where = new URL(reply.headers.get("location"), url);
        let job;
        for (let i = 0; i < 40; i++) {
          job = await (await fetch(where, { headers: { authorization: `Bearer ${token}` } })).json();
          if (job.running === false) break;
          await new Promise((r) => setTimeout(r, 250));
        }
        assert.equal(job.success, false, JSON.stringify(job));
        problem = job.errors;
      } else {
        assert.ok([400, 422].includes(reply.status), `${reply.status}`);
        assert.match(reply.headers.get("content-type"), /application\/problem\+json/);
        problem = await reply.json();
      }
      assert.match(JSON.stringify(problem), /action/);
    });
    await tally.check("what is no JSON is refused with a problem document", async () => {
      const reply = await send("/epcis/capture", "{ not json");
      assert.equal(reply.status, 400, await reply.clone().text());
      assert.match(reply.headers.get("content-type"), /application\/problem\+json/);
    });
    await tally.check("an unknown token is refused", async () => {
      const reply = await send("/epcis/capture", "{}", { authorization: "Bearer nonsense" });
      assert.equal(reply.status, 401);
      assert.match(reply.headers.get("content-type"), /application\/problem\+json/);
    });
  } else {
    tally.failures.push("the firm's software could not report: no token or no place");
  }

  const upload = async (file) => {
    await page.goto(`${url}/firm/upload`);
    const form = page.locator("form", { has: page.locator('input[name="kind"][value="purchase"]') });
    await form.locator("input[type=file]").setInputFiles(file);
    await form.locator("button").click();
    await sound(page, "zh");
  };
  const good = `示例调味盐,400 g,30,kg,${day(20)},YAN${Date.now()},12个月,${day(2)},示例盐业批发部,0931-0000000`;
  await tally.check("a purchase ledger with one bad row: the cell and the remedy are named, no row is taken", async () => {
    await upload(ledger("bad.csv", [good, `示例酱油,500 mL,很多,L,${day(20)},JY1,12个月,${day(2)},示例调味品批发部,0931-0000001`]));
    await shot(page, "firm-upload-refused");
    assert.match(await page.innerText("main"), /很多/);
    const row = page.locator("tbody tr").first();
    assert.match(await row.innerText(), /3/);
    assert.match(await row.innerText(), /数量/);
    assert.doesNotMatch(await row.innerText(), /未检出|结果/, "no words of laboratories");
    assert.ok(!(await clerk.page("/firm/lots?q=YAN")).includes("示例调味盐"), "nothing was taken");
  });
  await tally.check("the corrected ledger is taken and shows its lots", async () => {
    await upload(ledger("good.csv", [good]));
    await shot(page, "firm-upload-done");
    assert.match(await page.innerText("main"), /1\s*行/);
    await page.click('main a[href^="/firm/lots/view"]');
    await sound(page, "zh");
    await shot(page, "firm-lot-bought");
    assert.match(await page.innerText("main"), /示例盐业批发部/);
  });
  await tally.check("the same ledger again changes nothing", async () => {
    await upload(ledger("good.csv", [good]));
    assert.match(await page.innerText("main"), /以前已采集\s*1|已采集过|重复/);
  });
  await tally.check("a file in another encoding (GBK) or of another kind is not misread", async () => {
    await upload({ name: "picture.csv", mimeType: "text/csv", buffer: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 3]) });
    assert.ok((await page.locator("[role=alert]").count()) >= 1);
  });

  await tally.check("its ledger is a view of what was reported: the row it uploaded lacks what the law asks and the sheet did not say", async () => {
    await page.goto(`${url}/firm/records?kind=purchase&q=${encodeURIComponent("示例调味盐")}`);
    await sound(page, "zh");
    await shot(page, "firm-ledger");
    const row = await page.locator("tbody tr").first().innerText();
    assert.match(row, /示例盐业批发部/);
    assert.match(row, /许可证/);
    const rows = csv(await clerk.page("/firm/records?kind=materials&format=csv"));
    assert.ok(rows.length > 0 && "供货者许可证" in rows[0] && "保存至" in rows[0], Object.keys(rows[0] ?? {}).join());
  });
  await tally.check("a delivery is recorded by hand: the barcode fills the form, the record has a receipt", async () => {
    await page.goto(`${url}/firm/records/materials/new`);
    await page.fill("#code", "(01)09506000134352(17)271231(10)SCAN1");
    await page.click('button[value="read"]');
    await sound(page, "zh");
    assert.equal(await page.inputValue('[name="批号"]'), "SCAN1");
    assert.equal(await page.inputValue('[name="保质期"]'), "2027-12-31");
    await page.fill('[name="名称"]', "示例面粉改良剂");
    await page.fill('[name="数量"]', "12.5");
    await page.fill('[name="供货者名称"]', "示例添加剂批发部");
    await page.click('main form button:not([name]):not([type="button"])');
    await sound(page, "zh");
    await shot(page, "firm-record-done");
    assert.match(await page.innerText("main"), /已记录/);
  });
  facts.certificate = await tally.check("it issues a commitment certificate, which anybody can check", async () => {
    await page.goto(`${url}/firm/certificates/new`);
    await page.fill('[name="product"]', "示例百合");
    await page.fill('[name="lot"]', `BH${Date.now()}`);
    await page.fill('[name="quantity"]', "80");
    await page.fill('[name="origin"]', "七里河区西果园镇");
    await page.fill('[name="contact"]', "0931-0000009");
    await page.check('[name="basis"] >> nth=0');
    await page.click('main form button:not([name]):not([type="button"])');
    await sound(page, "zh");
    await shot(page, "firm-certificate");
    const number = new URL(page.url()).pathname.split("/").pop();
    assert.match(number, /^\d{20}$/);
    assert.match(await page.innerText("main"), /0931-0000009/, "the contact is printed");
    const open = await fetch(`${url}/cert/${number}`, { headers: { cookie: "lang=zh" } });
    const text = await open.text();
    assert.equal(open.status, 200);
    assert.match(text, /真实有效/);
    assert.ok(!text.includes("0931-0000009"), "the contact is not public");
    return number;
  });

  await tally.check("a lot of its own shows where its ingredients came from and where it went", async () => {
    const made = own.find((r) => /挂面/.test(r.name)) ?? own[0];
    facts.firmLot = `/firm/lots/view?item=${encodeURIComponent(made.item)}`;
    await page.goto(url + facts.firmLot);
    await sound(page, "zh");
    await shot(page, "firm-lot");
    const text = await page.innerText("main");
    assert.match(text, /从哪里来/);
    assert.match(text, /到哪里去/);
    assert.ok((await page.locator("section:has(h2:text('到哪里去')) tbody tr").count()) >= 1, "customers");
    assert.ok((await page.locator("section:has(h2:text('从哪里来')) tbody tr").count()) >= 1, "suppliers");
    assert.match(await page.innerText("section:has(h2:text('从哪里来'))"), /GM\d+/, "the lots it was made from");
    assert.ok((await page.locator("section:has(h2:text('事件')) tbody tr").count()) >= 1, "the events it takes part in, whoever sent them");
  });
  await tally.check("the firm's pages hold on a phone", async () => {
    const phone = await browser.again("firm", { size: PHONE });
    for (const path of ["/firm", "/firm/lots", facts.firmLot, "/firm/upload", "/firm/captures", "/firm/duties", "/firm/tokens"]) {
      await phone.goto(url + path);
      assert.deepEqual(await faults(phone, "zh"), [], path);
    }
    await phone.context().close();
  });
  await tally.check("a firm does not see another's desk", async () => {
    const reply = await page.goto(`${url}/desk/situation`);
    assert.ok(reply.status() === 403 || /0/.test(await page.innerText("main")), `${reply.status()}`);
  });
  await page.context().close();
}
