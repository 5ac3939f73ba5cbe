import { b1875Of } from "./frames.ts";

/** The constellation at an ICRS position, degrees: its name as the IAU has it. NaN gives null. */
export function constellationAt(ra: number, dec: number): string | null {
  const [longitude, latitude] = b1875Of(ra, dec);
  const hours = longitude / 15;
  const found = borders.find(
    ({ above, from, to }) => latitude >= above && hours >= from && hours < to,
  );
  return found ? (names.get(found.name) ?? null) : null;
}

// Roman 1987, PASP 99, 695 (CDS VI/42): the first entry of the list whose span of right ascension
// holds a position of equinox B1875, and that it is north of, names the constellation. Here as
// `declination from to name,from to name …`, in degrees and hours.

const list = `88 0 24 UMi;86.5 8 14.5 UMi;86.1667 21 23 UMi;86 18 21 UMi;85 0 8 Cep;82 9.1667 10.6667 Cam;80 0 5 Cep,10.6667 14.5 Cam,17.5 18 UMi,20.1667 21 Dra
77 0 3.5083 Cep,11.5 13.5833 Cam;75 16.5333 17.5 UMi,20.1667 20.6667 Cep;73.5 7.9667 9.1667 Cam,9.1667 11.3333 Dra;70 13 16.5333 UMi;68 3.1 3.4167 Cas
67 20.4167 20.6667 Dra;66.5 11.3333 12 Dra;66 0 0.3333 Cep,14 15.6667 UMi,23.5833 24 Cep;64 12 13.5 Dra;63 13.5 14.4167 Dra,23.1667 23.5833 Cep
62 6.1 7 Cam;61.5 20 20.4167 Dra;60.9167 20.5367 20.6 Cep;60 7 7.9667 Cam,7.9667 8.4167 UMa;59.5 19.7667 20 Dra,20 20.5367 Cep
59.0833 22.8667 23.1667 Cep;58.5 0 2.4333 Cas;58 19.4167 19.7667 Dra;57.5 1.7 1.9083 Cas;57 2.4333 3.1 Cas,3.1 3.1667 Cam;56.25 22.3167 22.8667 Cep
56 5 6.1 Cam;55.5 14.0333 14.4167 UMa,14.4167 19.4167 Dra;55 3.1667 3.3333 Cam,22.1333 22.3167 Cep;54.8333 20.6 21.9667 Cep;54 0 1.7 Cas,6.1 6.5 Lyn
53 12.0833 13.5 UMa,15.25 15.75 Dra;52.75 21.9667 22.1333 Cep;52.5 3.3333 5 Cam,22.8667 23.3333 Cas;51.5 15.75 17 Dra
50.5 2.0417 2.5167 Per,17 18.2333 Dra;50 0 1.3667 Cas,1.3667 1.6667 Per,6.5 6.8 Lyn,23.3333 24 Cas;48.5 13.5 14.0333 UMa
48 0 1.1167 Cas,23.5833 24 Cas;47.5 18.175 18.2333 Her,18.2333 19.0833 Dra,19.0833 19.1667 Cyg;47 1.6667 2.0417 Per,8.4167 9.1667 UMa
46 0.1667 0.8667 Cas;45 12 12.0833 UMa;44.5 6.8 7.3667 Lyn;44 21.9083 21.9667 Cyg;43.75 21.875 21.9083 Cyg;43.5 19.1667 19.4 Cyg;42 9.1667 10.1667 UMa
40 10.1667 10.7833 UMa,15.4333 15.75 Boo,15.75 16.3333 Her;39.75 9.25 9.5833 Lyn;36.75 0 2.5167 And,2.5167 2.5667 Per;36.5 19.3583 19.4 Lyr
36 4.5 4.6917 Per,21.7333 21.875 Cyg,21.875 22 Lac;35.5 6.5333 7.3667 Aur,7.3667 7.75 Lyn;35 0 2 And,22 22.8167 Lac
34.5 22.8167 22.8667 Lac,22.8667 23.5 And;34 2.5667 2.7167 Per,10.7833 11 UMa,12 12.3333 CVn;33.5 7.75 9.25 Lyn,9.25 9.8833 LMi
33 0.7167 1.4083 And,15.1833 15.4333 Boo;32.0833 23.5 23.75 And;32 12.3333 13.25 CVn;31.3333 23.75 24 And;30.75 13.9583 14.0333 CVn
30.6667 2.4167 2.7167 Tri,2.7167 4.5 Per;30 4.5 4.75 Aur,18.175 19.3583 Lyr;29 11 12 UMa,19.6667 20.9167 Cyg
28.5 4.75 5.8833 Aur,9.8833 10.5 LMi,13.25 13.9583 CVn;28 0 0.0667 And,1.4083 1.6667 Tri,5.8833 6.5333 Aur,7.8833 8 Gem,20.9167 21.7333 Cyg
27.5 19.2583 19.6667 Cyg;27.25 1.9167 2.4167 Tri;27 16.1667 16.3333 CrB;26 15.0833 15.1833 Boo,15.1833 16.1667 CrB,18.3667 18.8667 Lyr
25.5 10.75 11 LMi,18.8667 19.2583 Lyr;25 1.6667 1.9167 Tri;23.75 0.7167 0.85 Psc;23.5 10.5 10.75 LMi,21.25 21.4167 Vul;22.8333 5.7 5.8833 Tau
22 0.0667 0.1417 And,15.9167 16.0333 Ser;21.5 5.8833 6.2167 Gem;21.25 19.8333 20.25 Vul;21.0833 18.8667 19.25 Vul;21 0.1417 0.85 And
20.5 20.25 20.5667 Vul;20 7.8083 7.8833 Gem;19.5 20.5667 21.25 Vul;19.1667 19.25 19.8333 Vul;19 3.2833 3.3667 Ari;18.5 18.8667 19 Sge
18 5.7 5.7667 Ori;17.5 6.2167 6.3083 Gem;16.1667 19 19.8333 Sge;16 4.9667 5.3333 Tau,15.9167 16.0833 Her;15.75 19.8333 20.25 Sge
15.5 4.6167 4.9667 Tau,5.3333 5.6 Tau;15 12.8333 13.5 Com;14.3333 17.25 18.25 Her;14 11.8667 12.8333 Com;13.5 7.5 7.8083 Gem;12.8333 16.75 17.25 Her
12.5 0 0.1417 Peg,5.6 5.7667 Tau,7 7.5 Gem,21.1167 21.3333 Peg;12 6.3083 6.9333 Gem,18.25 18.8667 Her;11.8333 20.875 21.05 Del,21.05 21.1167 Peg
11 11.5167 11.8667 Leo;10 6.2417 6.3083 Ori,6.9333 7 Gem,7.8083 7.925 Cnc,23.8333 24 Peg;9.9167 1.6667 3.2833 Ari;8.5 20.1417 20.3 Del
8 13.5 15.0833 Boo;7.5 22.75 23.8333 Peg;7 7.925 9.25 Cnc,9.25 10.75 Leo;6.25 18.25 18.6622 Oph,18.6622 18.8667 Aql;6 20.8333 20.875 Del
5.5 7 7.0167 CMi;4.5 18.25 18.425 Ser;4 16.0833 16.75 Her;3 18.25 18.425 Oph;2.75 21.4667 21.6667 Peg
2 0 2 Psc,18.5833 18.8667 Ser,20.3 20.8333 Del,20.8333 21.3333 Equ,21.3333 21.4667 Peg,22 22.75 Peg;1.75 21.6667 22 Peg;1.5 7.0167 7.2 CMi
0 3.5833 4.6167 Tau,4.6167 4.6667 Ori,7.2 8.0833 CMi,14.6667 15.0833 Vir,17.8333 18.25 Oph;-1.75 2.65 3.2833 Cet,3.2833 3.5833 Tau
-3.25 15.0833 16.2667 Ser;-4 4.6667 5.0833 Ori,5.8333 6.2417 Ori,17.8333 17.9667 Ser,18.25 18.5833 Ser,18.5833 18.8667 Aql,22.75 23.8333 Psc
-6 10.75 11.5167 Leo,11.5167 11.8333 Vir;-7 0 0.3333 Psc,23.8333 24 Psc;-8 14.25 14.6667 Vir,15.9167 16.2667 Oph;-9 20 20.5333 Aql,21.3333 21.8667 Aqr
-10 17.1667 17.9667 Oph;-11 5.8333 8.0833 Mon,4.9167 5.0833 Eri,5.0833 5.8333 Ori,8.0833 8.3667 Hya,9.5833 10.75 Sex,11.8333 12.8333 Vir
-11.6667 17.5833 17.6667 Oph;-12.0333 18.8667 20 Aql;-14.5 4.8333 4.9167 Eri;-15 20.5333 21.3333 Aqr;-16 17.1667 18.25 Ser,18.25 18.8667 Sct
-17 8.3667 8.5833 Hya;-18.25 16.2667 16.375 Oph;-19 8.5833 9.0833 Hya,10.75 10.8333 Crt;-19.25 16.2667 16.375 Sco;-20 15.6667 15.9167 Lib
-22 12.5833 12.8333 Crv,12.8333 14.25 Vir;-24 9.0833 9.75 Hya;-24.3833 1.6667 2.65 Cet,2.65 3.75 Eri
-24.5 10.8333 11.8333 Crt,11.8333 12.5833 Crv,14.25 14.9167 Lib;-24.5833 16.2667 16.75 Oph
-25.5 0 1.6667 Cet,21.3333 21.8667 Cap,21.8667 23.8333 Aqr,23.8333 24 Cet;-26.5 9.75 10.25 Hya;-27.25 4.7 4.8333 Eri,4.8333 6.1167 Lep
-28 20 21.3333 Cap;-29.1667 10.25 10.5833 Hya;-29.5 12.5833 14.9167 Hya,14.9167 15.6667 Lib,15.6667 16 Sco
-30 4.5833 4.7 Eri,16.75 17.6 Oph,17.6 17.8333 Sgr;-31.1667 10.5833 10.8333 Hya;-33 6.1167 7.3667 CMa,12.25 12.5833 Hya;-35 10.8333 12.25 Hya
-36 3.5 3.75 For;-36.75 8.3667 9.3667 Pyx;-37 4.2667 4.5833 Eri,17.8333 19.1667 Sgr,21.3333 23 PsA,23 23.3333 Scl;-39.5833 3 3.5 For
-39.75 9.3667 11 Ant;-40 0 1.6667 Scl,1.6667 3 For,3.8667 4.2667 Eri,23.3333 24 Scl;-42 14.1667 14.9167 Cen,15.6667 16 Lup,16 16.4208 Sco
-43 4.8333 5 Cae,5 6.5833 Col,8 8.3667 Pup;-44 3.4167 3.8667 Eri;-45.5 16.4208 17.8333 Sco,17.8333 19.1667 CrA,19.1667 20.3333 Sgr,20.3333 21.3333 Mic
-46 3 3.4167 Eri;-46.5 4.5 4.8333 Cae;-48 15.3333 15.6667 Lup;-48.1667 0 2.3333 Phe;-49 2.6667 3 Eri,4.0833 4.2667 Hor,4.2667 4.5 Cae
-50 21.3333 22 Gru;-50.75 6 8 Pup,8 8.1667 Vel;-51 2.4167 2.6667 Eri,3.8333 4.0833 Hor;-51.5 0 1.8333 Phe;-52.5 6 6.1667 Car;-53 8.1667 8.45 Vel
-53.1667 3.5 3.8333 Hor,3.8333 4 Dor;-53.5 0 1.5833 Phe;-54 2.1667 2.4167 Eri,4.5 5 Pic,15.05 15.3333 Lup;-54.5 8.45 8.8333 Vel
-55 6.1667 6.5 Car,11.8333 12.8333 Cen,14.1667 15.05 Lup,15.05 15.3333 Nor;-56.5 4 4.3333 Dor,8.8333 11 Vel,11 11.25 Cen
-57 17.5 18 Ara,18 20.3333 Tel,22 23.3333 Gru;-57.5 3.2 3.5 Hor,5 5.5 Pic;-58 6.5 6.8333 Car;-58.5 0 1.3333 Phe,1.3333 2.1667 Eri,23.3333 24 Phe
-59 4.3333 4.5833 Dor;-60 15.3333 16.4208 Nor,20.3333 21.3333 Ind;-61 5.5 6 Pic,15.1667 15.3333 Cir,16.4208 16.5833 Ara
-63.5833 14.9167 15.1667 Cir,16.5833 16.75 Ara;-64 6 6.8333 Pic,6.8333 9.0333 Car,11.25 11.8333 Cen,11.8333 12.8333 Cru,12.8333 14.5333 Cen
-65 13.5 13.6667 Cir,16.75 16.8333 Ara;-67.5 2.1667 3.2 Hor,3.2 4.5833 Ret,14.75 14.9167 Cir,16.8333 17.5 Ara,17.5 18 Pav,22 23.3333 Tuc
-70 4.5833 6.5833 Dor,13.6667 14.75 Cir,14.75 17 TrA
-75 0 1.3333 Tuc,3.5 4.5833 Hyi,6.5833 9.0333 Vol,9.0333 11.25 Car,11.25 13.6667 Mus,18 21.3333 Pav,21.3333 23.3333 Ind,23.3333 24 Tuc
-76 0.75 1.3333 Tuc;-82.5 0 3.5 Hyi,7.6667 13.6667 Cha,13.6667 18 Aps;-85 3.5 7.6667 Men;-90 0 24 Oct`;

const fullNames = `And Andromeda;Ant Antlia;Aps Apus;Aql Aquila;Aqr Aquarius;Ara Ara;Ari Aries;Aur Auriga;Boo Boötes;CMa Canis Major;CMi Canis Minor;CVn Canes Venatici
Cae Caelum;Cam Camelopardalis;Cap Capricornus;Car Carina;Cas Cassiopeia;Cen Centaurus;Cep Cepheus;Cet Cetus;Cha Chamaleon;Cir Circinus;Cnc Cancer
Col Columba;Com Coma Berenices;CrA Corona Australis;CrB Corona Borealis;Crt Crater;Cru Crux;Crv Corvus;Cyg Cygnus;Del Delphinus;Dor Dorado;Dra Draco
Equ Equuleus;Eri Eridanus;For Fornax;Gem Gemini;Gru Grus;Her Hercules;Hor Horologium;Hya Hydra;Hyi Hydrus;Ind Indus;LMi Leo Minor;Lac Lacerta;Leo Leo
Lep Lepus;Lib Libra;Lup Lupus;Lyn Lynx;Lyr Lyra;Men Mensa;Mic Microscopium;Mon Monoceros;Mus Musca;Nor Norma;Oct Octans;Oph Ophiuchus;Ori Orion
Pav Pavo;Peg Pegasus;Per Perseus;Phe Phoenix;Pic Pictor;PsA Pisces Austrinus;Psc Pisces;Pup Puppis;Pyx Pyxis;Ret Reticulum;Scl Sculptor;Sco Scorpius
Sct Scutum;Ser Serpens;Sex Sextans;Sge Sagitta;Sgr Sagittarius;Tau Taurus;Tel Telescopium;TrA Triangulum Australe;Tri Triangulum;Tuc Tucana
UMa Ursa Major;UMi Ursa Minor;Vel Vela;Vir Virgo;Vol Volans;Vul Vulpecula`;

const names = new Map(fullNames.split(/[;\n]/).map((entry) => [entry.slice(0, 3), entry.slice(4)]));

const borders = list.split(/[;\n]/).flatMap((group) => {
  const space = group.indexOf(" ");
  const above = Number(group.slice(0, space));
  return group
    .slice(space + 1)
    .split(",")
    .map((entry) => entry.split(" "))
    .map(([from, to, name]) => ({ above, from: Number(from), to: Number(to), name }));
});
